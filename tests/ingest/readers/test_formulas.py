import pytest
from lxml import etree

from ingest.readers.formulas import math_ml, office_math

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def ratio(over: str, under: str) -> str:
    return f"<m:f><m:num>{run(over)}</m:num><m:den>{run(under)}</m:den></m:f>"


BINOMIAL = f'<m:f><m:fPr><m:type m:val="noBar"/></m:fPr><m:num>{run("n")}</m:num><m:den>{run("k")}</m:den></m:f>'


def office(inner: str) -> str:
    root = etree.fromstring(f'<m:oMath xmlns:m="{OFFICE}">{inner}</m:oMath>')
    return office_math(root, lambda element: "".join(element.itertext()))


@pytest.mark.parametrize(
    ("inner", "line"),
    [
        (run("dose=") + ratio("weight", "4"), "dose=weight/4"),
        (ratio("a+b", "2c d"), "(a+b)/(2c d)"),
        (ratio("a", "b") + run("c"), "(a/b)c"),
        (run("2") + ratio("1", "2"), "2 1/2"),
        (f"<m:sSup><m:e>{run('10')}</m:e><m:sup>{run('-6')}</m:sup></m:sSup>", "10⁻⁶"),
        (f"<m:sSup><m:e>{run('x+y')}</m:e><m:sup>{run('e')}</m:sup></m:sSup>", "(x+y)^(e)"),
        (f"<m:sSub><m:e>{run('H')}</m:e><m:sub>{run('2')}</m:sub></m:sSub>{run('O')}", "H₂O"),
        (f"<m:rad><m:deg/><m:e>{run('x+1')}</m:e></m:rad>", "√(x+1)"),
        (f"<m:rad><m:deg>{run('3')}</m:deg><m:e>{run('x')}</m:e></m:rad>", "∛x"),
        (f"<m:d><m:e>{run('a')}</m:e><m:e>{run('b')}</m:e></m:d>", "(a|b)"),
        (
            f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{run("i=1")}</m:sub><m:sup>{run("n")}</m:sup>'
            f"<m:e>{run('i')}</m:e></m:nary>",
            "∑_(i=1)ⁿ i",
        ),
        (f"<m:func><m:fName>{run('log')}</m:fName><m:e>{run('x')}</m:e></m:func>", "log x"),
        (f"<m:limLow><m:e>{run('min')}</m:e><m:lim>{run('x')}</m:lim></m:limLow>", "min_(x)"),
        (f"<m:m><m:mr><m:e>{run('1')}</m:e><m:e>{run('2')}</m:e></m:mr></m:m>", "[1, 2]"),
        (f"<m:eqArr><m:e>{run('a=1')}</m:e><m:e>{run('b=2')}</m:e></m:eqArr>", "a=1; b=2"),
        (f'<m:acc><m:accPr><m:chr m:val="\u0305"/></m:accPr><m:e>{run("x")}</m:e></m:acc>', "x\u0305"),
        (f"<m:acc><m:e>{run('a')}</m:e></m:acc>", "â"),
        (f"<m:acc><m:e>{run('ab')}</m:e></m:acc>", "ab"),
        (f'<m:acc><m:accPr><m:chr m:val="\u0305"/></m:accPr><m:e>{run("AB")}</m:e></m:acc>', "AB^(¯)"),
        (f'<m:bar><m:barPr><m:pos m:val="top"/></m:barPr><m:e>{run("A")}</m:e></m:bar>', "A^(¯)"),
        (f"<m:bar><m:e>{run('A')}</m:e></m:bar>", "A"),
        (f"<m:box><m:boxPr/><m:e>{run('x')}</m:e></m:box>", "x"),
        (f"<m:d><m:e>{BINOMIAL}</m:e></m:d>", "(n over k)"),
        (f"{run('2')}{BINOMIAL}", "2(n over k)"),
        (f'{run("a")}<m:phant><m:phantPr><m:show m:val="0"/></m:phantPr><m:e>{run("b")}</m:e></m:phant>', "a"),
        (f"{run('a')}<m:phant><m:phantPr><m:zeroWid/></m:phantPr><m:e>{run('b')}</m:e></m:phant>", "ab"),
    ],
)
def test_office_formulas_on_one_line(inner: str, line: str) -> None:
    assert office(inner) == line


@pytest.mark.parametrize(
    ("inner", "line"),
    [
        ("<mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>", "E=mc²"),
        ("<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>4</mn></mfrac>", "(a+b)/4"),
        ("<msqrt><mi>x</mi></msqrt><mroot><mi>x</mi><mn>3</mn></mroot>", "√x∛x"),
        ("<msub><mi>H</mi><mn>2</mn></msub><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>", "H₂x₁²"),
        ("<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr></mtable>", "[1, 2]"),
        ("<semantics><mi>x</mi><annotation>x sub nothing</annotation></semantics>", "x"),
        ("<mtext>if </mtext><mi>x</mi>", "if x"),
        ('<mo>(</mo><mfrac linethickness="0"><mi>n</mi><mi>k</mi></mfrac><mo>)</mo>', "(n over k)"),
        ('<mfenced><mfrac linethickness="0pt"><mi>n</mi><mn>2</mn></mfrac></mfenced>', "(n over 2)"),
        ('<mn>3</mn><mfrac linethickness="0.0em"><mi>n</mi><mi>k</mi></mfrac>', "3(n over k)"),
        ('<mfrac linethickness="2px"><mi>n</mi><mi>k</mi></mfrac>', "n/k"),
        ("<mi>a</mi><mphantom><mo>+</mo><mi>b</mi></mphantom>", "a"),
        ("<msup><mi>x</mi><mphantom><mn>2</mn></mphantom></msup>", "x"),
        ("<mi>f</mi><mo>\u2061</mo><mfenced><mi>x</mi><mi>y</mi></mfenced>", "f(x,y)"),
        ("<msup><mrow><mo>\u2062</mo></mrow><mn>2</mn></msup>", "²"),
        ('<mfenced open="[" close=")" separators=";|"><mn>1</mn><mn>2</mn><mn>3</mn><mn>4</mn></mfenced>', "[1;2|3|4)"),
        ('<mfenced separators=""><mi>a</mi><mi>b</mi></mfenced>', "(ab)"),
        ("<mmultiscripts><mi>C</mi><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts>", "₆¹⁴C"),
        ("<mmultiscripts><mi>x</mi><mn>1</mn><none/></mmultiscripts>", "x₁"),
    ],
)
def test_math_ml_on_one_line(inner: str, line: str) -> None:
    root = etree.fromstring(f'<math xmlns="http://www.w3.org/1998/Math/MathML">{inner}</math>')
    assert math_ml(root) == line

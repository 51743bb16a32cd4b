from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.office.number_format import Moment, date_shown, general, is_date, number_shown

ACCOUNTS = '_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-'
PHONES = "[<=9999999]###-####;(###) ###-####"


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (0.256, "0%", "26%"),
        (0.256, "0.0%", "25.6%"),
        (1234.5, "#,##0.00", "1,234.50"),
        (1234.5, '"$"#,##0.00', "$1,234.50"),
        (1234.5, "#,##0.00 [$€-407]", "1,234.50 €"),
        (-5, "#,##0;(#,##0)", "(5)"),
        (-5.126, "0.00;[Red]-0.00", "-5.13"),
        (-5.126, "0.00;[Red]0.00", "-5.13"),  # only the colour says so
        (-5.126, "0.00;[Red](0.00)", "(5.13)"),
        (2.345, "0.00", "2.35"),
        (-0.001, "0.00", "0.00"),
        (0, '0;-0;"none"', "none"),
        (-1234.5, ACCOUNTS, "-1,234.50 €"),
        (0, ACCOUNTS, "- €"),
        (2.5, "# ?/?", "2 1/2"),
        (0.125, "# ??/??", "1/8"),
        (0.3, "# ?/8", "2/8"),
        (5.02, "# ??/16", "5"),
        (0.3, "# ?/10", "3/10"),
        (1.25, "# ??/100", "1 25/100"),
        (5.1, "# ??/16", "5 2/16"),
        (3, "# ?/?", "3"),
        (123456, "0.00E+00", "1.23E+05"),
        (1234567, "#,##0,", "1,235"),
        (123456789, "000-00-0000", "123-45-6789"),
        (7, "000", "007"),
        (0.5, ".00", ".50"),
        (12, "0.##", "12"),
        (12, '0" mg"', "12 mg"),
        (12, 'General" mg"', "12 mg"),
        (5, "@", "5"),
        (5551234, PHONES, "555-1234"),
        (2125551234, PHONES, "(212) 555-1234"),
        (0.1 + 0.2, "General", "0.3"),
        (1e-10, "General", "1E-10"),
        (1e20, "General", "1E+20"),
        (5, '"all"', "all"),
    ],
)
def test_numbers_are_shown_in_their_formats(value: float, code: str, shown: str) -> None:
    assert number_shown(value, code) == shown


@pytest.mark.parametrize(
    ("moment", "code", "shown"),
    [
        (datetime(2024, 10, 3), "mm-dd-yy", "2024-10-03"),
        (datetime(2024, 10, 3, 9, 5), "m/d/yy h:mm", "2024-10-03 09:05"),
        (date(2024, 10, 3), "dd.mm.yyyy", "03.10.2024"),
        (date(2024, 10, 3), "General", "2024-10-03"),
        (datetime(2024, 10, 3), "General", "2024-10-03"),
        (datetime(2024, 10, 3, 9, 5), "[h]:mm", "2024-10-03 09:05"),
        (time(9, 30), "[h]:mm", "9:30"),
        (datetime(2024, 10, 3), "[$-409]mmmm d, yyyy;@", "October 3, 2024"),
        (datetime(2024, 10, 3), "ddd d-mmm-yy", "Thu 3-Oct-24"),
        (datetime(2024, 10, 3, 14, 5, 9), "h:mm AM/PM", "2:05 PM"),
        (datetime(2024, 10, 3, 14, 5, 9), "yyyy\\-mm\\-dd hh:mm:ss", "2024-10-03 14:05:09"),
        (time(9, 30), "hh:mm", "09:30"),
        (time(9, 30, 2), "mm:ss", "30:02"),
        (time(9, 30), "General", "09:30"),
        (timedelta(hours=26, minutes=3), "[h]:mm", "26:03"),
        (timedelta(minutes=-90), "[h]:mm:ss", "-1:30:00"),
        (timedelta(minutes=90), "[mm]:ss", "90:00"),
    ],
)
def test_dates_are_shown_in_their_formats(moment: Moment, code: str, shown: str) -> None:
    assert date_shown(moment, code) == shown


def test_formats_of_dates_are_told_from_those_of_numbers() -> None:
    assert all(map(is_date, ("dd.mm.yyyy", "h:mm", "[h]:mm", "mmm")))
    assert not any(map(is_date, ("General", "0.00", "[Red]0", '"days" 0', "#,##0 [$USD]", "@")))


@given(st.integers(-(10**14), 10**14))
def test_whole_numbers_are_shown_whole(number: int) -> None:
    assert general(float(number)) == str(number)
    assert number_shown(number, "0") == str(number)
    assert int(number_shown(number, "#,##0").replace(",", "")) == number


@given(st.floats(allow_nan=True), st.text(alphabet='0#?.,;%E+-"[]$€ydmhs_*\\/@ GAeneral', max_size=30))
def test_no_format_is_too_odd(value: float, code: str) -> None:
    assert isinstance(number_shown(value, code), str)
    assert isinstance(date_shown(datetime(2024, 10, 3, 4, 5), code), str)

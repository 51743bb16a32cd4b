"""Stop words: words that say nothing about the subject of a question or a text, by language."""

import re
from collections.abc import Mapping
from types import MappingProxyType

_LISTS = {
    "en": """
        a about above after again all also am an and any anybody anyone anything are as at be because been before being
        below best between both but by can cannot could did do does doing done down during each either else ever every
        few for from further get gets getting give given gives giving go goes going good got had has have having he help
        hello her here hers him his how i if in into is it its itself just know knowing knows let like lot lots made
        make makes making many may maybe me might mine more most much must my need needed needs neither never no nobody
        none nor not nothing of off often oh ok okay on once one ones only or other others ought our ours out over own
        per perhaps please put puts putting quite rather really s same say saying says she should so some somebody
        someone something still such t take takes taking tell telling tells than thank thanks that the their theirs them
        then there these they thing things this those through to too tried tries try trying under until up upon us use
        used using very want wanted wants was way ways we well were what whatever when where whether which while who
        whom whose why will with within without would yes yet you your yours
        aren't can't couldn't didn't doesn't don't hadn't hasn't haven't i'd i'll i'm i've isn't it's let's shouldn't
        that's there's they're wasn't we're weren't what's who's won't wouldn't you'd you're you've
        """,
    "de": """
        ab aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus
        außer bei beide beiden beides beim bekam bekomme bekommen bekommt bin bis bist bitte bloß brauche brauchen
        braucht da dabei dadurch dafür dagegen daher dahin damals damit danach daneben danke dann daran darauf daraus
        darf darfst darin darum darunter darüber das dass davon davor dazu dein deine deinem deinen deiner deines dem
        den denen denn dennoch der deren des deshalb desselben dessen dich die dies diese dieselbe dieselben diesem
        diesen dieser dieses dir doch dort du durch durfte durften dürfen dürfte ebenso ein eine einem einen einer eines
        einige einigem einigen einiger einiges einmal er erst es etwa etwas euch euer eure eurem euren eurer eures falls
        fast für gab gar geben gegen gehabt gehen geht genau gewesen gib gibt ging gut habe haben habt hallo hast hat
        hatte hatten hattest hier hinter hätte hätten ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im immer in
        indem ins irgend irgendein irgendwie ist ja je jede jedem jeden jeder jedes jedoch jemand jene jenem jenen jener
        jenes jetzt kann kannst kein keine keinem keinen keiner keines konnte konnten könne können könnt könnte könnten
        lassen lässt machen macht machte mal man manche manchem manchen mancher manches mehr mein meine meinem meinen
        meiner meines meist meisten mich mir mit mochte muss musste mussten möchte möchten mögen müssen müsste nach
        nachdem nein nicht nichts nie niemand noch nun nur ob oder oft ohne per pro sagen sagt schon sehr sei seid sein
        seine seinem seinen seiner seines seit selber selbst sich sie sind so sobald sofern sogar solche solchem solchen
        solcher solches soll sollen sollte sollten somit sondern sonst soviel sowie sowohl statt tun tut um und uns
        unser unsere unserem unseren unserer unseres unter usw viel viele vielen vieler vom von vor war waren warst
        warum was weder wegen weil welche welchem welchen welcher welches wem wen wenig wenige weniger wenn wer werde
        werden werdet weshalb wessen wie wieder wieso wieviel wieviele will willst wir wird wirst wo wobei wodurch wofür
        woher wohin wollen wollte wollten womit woran worauf woraus worden worin worum worunter worüber wovon wozu wurde
        wurden während wäre wären würde würden z zu zum zur zwar zwischen über
        """,
    "es": """
        a acerca además adónde ahora al algo alguien alguna algunas alguno algunos algún ambos ante antes aquel aquella
        aquellas aquello aquellos aquí así aun aunque aún bajo bastante bien cada casi como con contra cosa cosas cual
        cuales cualquier cualquiera cuando cuanta cuantas cuanto cuantos cuya cuyas cuyo cuyos cuál cuáles cuándo cuánta
        cuántas cuánto cuántos cómo da dan dar de debe deben debería debo decir del demás dentro desde después di dice
        dicen donde durante dónde e el ella ellas ello ellos en entonces entre era eran eras eres es esa esas ese eso
        esos esta estaba estaban estado estar estas este esto estos estoy está están estás fue fuera fueron fui gracias
        ha haber habla había habían hace hacen hacer hacia haga hago hasta hay haya he hemos hizo hola hubo igual la las
        le les lo los luego me mediante menos mi mientras mis misma mismas mismo mismos mucha muchas mucho muchos muy
        más mí mía mías mío míos nada nadie necesita necesito ni ninguna ninguno ningún no nos nosotros nuestra nuestras
        nuestro nuestros nunca o os otra otras otro otros para pero poca pocas poco pocos podemos poder podría podrían
        por porque pronto pudo puede pueden puedes puedo pues que quien quienes quiere quiero quizá quizás quién quiénes
        qué sabe saber se sea sean según ser será serán si sido siempre sin sino sobre sois solamente solo somos son soy
        su sus suya suyas suyo suyos sé sí sólo tal tales también tampoco tan tanta tantas tanto tantos te tendrá tener
        tenga tengo tenía tenían ti tiene tienen tienes toda todas todavía todo todos tras tu tus tuvo tuya tuyo tú u un
        una unas uno unos usa usan usar usted ustedes va vamos van varias varios vosotros voy y ya yo él ésta éstas éste
        éstos
        """,
    "fr": """
        a afin ai aie ainsi alors après as assez au aucun aucune aujourd auquel aura auraient aurait auront aussi autre
        autres aux auxquelles auxquels avaient avais avait avant avec avez avoir avons ayant beaucoup bien bonjour c ce
        ceci cela celle celles celui cependant certain certaine certaines certains ces cet cette ceux chaque chez chose
        choses ci combien comme comment contre d dans de dedans dehors depuis des desquelles desquels dessous dessus
        devait devant devoir devons devra devrait dire dit dois doit doivent donc donne donner dont du duquel durant dès
        dû elle elles en encore entre es est et eu eurent eut eux faire fais faisait fait fallait faudrait faut font
        furent fut hormis hors hui il ils j je jusqu jusque l la laquelle le lequel les lesquelles lesquels leur leurs
        lors lorsqu lorsque lui là m ma mais malgré me merci mes mien mienne mieux moi moins mon même mêmes n ne ni non
        nos notre nous nul on ont ou oui où par parce parfois parmi pas pendant peu peut peuvent peux plupart plus
        plusieurs plutôt pour pourquoi pourra pourrait pouvait pouvez pouvoir près pu puis puisqu puisque qu quand quant
        que quel quelle quelles quelqu quelque quelques quels qui quiconque quoi quoique s sa sans sauf se selon sera
        seraient serait seront ses seul seulement si sien sienne sinon soi soient sois soit sommes son sont souhaite
        sous soyez suis sur t ta tandis tant te tel telle tellement telles tels tes toi ton toujours tous tout toute
        toutes trop très tu un une uns utiliser va vers veulent veut veux voici voilà voire vont vos votre voudrais vous
        y à ça étaient étais était étant êtes être
        """,
    "it": """
        a abbia abbiamo abbiano ad affinché agl agli ai al alcun alcuna alcune alcuni alcuno all alla alle allo allora
        altra altre altri altro anche ancora anzi appena avere aveva avevano avrebbe avrà avuto ben bene c che chi
        chiunque ci ciao ciascuna ciascuno ciò co coi col com come con contro cos cosa cose così cui d da dagli dai dal
        dall dalla dalle dallo dare degli dei del dell della delle dello dentro deve devi devo devono di dice dire dopo
        dov dove dovrebbe dovuto dunque durante e ebbe ecco ed egli ella entrambi era erano essa esse essendo essere
        essi esso fa faccio fanno far fare fatto fino fosse fossero fra fu fui furono già gli grazie ha hai hanno ho i
        il in infatti infine insieme invece io l la le lei li lo loro lui là lì m ma mai me mediante meglio meno mentre
        mi mia mie miei mio molta molte molti molto ne negli nei nel nell nella nelle nello nessun nessuna nessuno
        niente no noi non nostra nostre nostri nostro nulla né o od ogni ognuno oltre oppure ovvero per perché perciò
        però piuttosto più poca poche pochi poco poi poiché possa possiamo posso possono potere potrebbe potrà prima pur
        pure può qua qual qualche qualcosa qualcuno quale quali qualsiasi quando quanta quante quanti quanto quasi quel
        quell quella quelle quelli quello quest questa queste questi questo qui quindi s saranno sarebbe sarà se secondo
        sei sembra sempre senza si sia siamo siano siate siete sino solo soltanto sono sopra sotto sta stanno stare
        stata state stati stato stessa stesse stessi stesso sto su sua sue sugli sui sul sull sulla sulle sullo suo suoi
        sé sì t tale tali tanta tante tanti tanto te ti tra tranne troppo tu tua tue tuo tuoi tutta tutte tutti tutto un
        una uno usa usare v va vengono verso vi via viene voglio voi vorrei vostra vostre vostri vostro vuole è
        """,
    "nl": """
        aan aangaande achter af al aldus alle allebei alleen alles als alsof altijd ander andere anderen anders behalve
        beide ben bent bij bijna binnen boven buiten daar daarbij daardoor daarin daarna daarom daarop daarvan daarvoor
        dan dank dat de deden deed den der deze die dit doe doen doet door dus e echter een eerder eigen elk elke en
        enige enkel enkele er erg ergens etc even ga gaan gaat gaf gebruiken gebruikt gedaan geef geeft geen geven
        geweest geworden ging goed had hadden hallo heb hebben hebt heeft heel hen het hier hierbij hierin hij hoe
        hoeveel hoewel hun ieder iedere iedereen iemand iets ik in indien inmiddels is ja je jij jou jouw jullie kan kon
        konden krijg krijgen krijgt kun kunnen kunt kwam laat laten maak maakt maar mag maken man me meer meest meeste
        men met mij mijn misschien mocht mochten moest moesten moet moeten mogen na naar naast nadat nee net niemand
        niet niets nog nooit nou nu of om omdat ondanks onder ons onze ook op over per rond s samen sinds sommige steeds
        t te tegen ten tenzij ter terwijl tijdens toch toe toen tot totdat tussen u uit uw vaak van vanaf vanuit vanwege
        veel vele via vind volgens voor vooral voordat waar waaraan waarbij waardoor waarin waarmee waarom waarop
        waarover waaruit waarvan waarvoor wanneer want waren was wat we weer wel welk welke wellicht werd werden weten
        wie wiens wij wil willen wilt word worden wordt wou zal zeer zeg zeggen zegt zei zeker zelf zelfs zich zichzelf
        zij zijn zo zo'n zoals zodat zodra zonder zou zouden zowel zullen zult één
        """,
    "pt": """
        a acerca agora ainda algo algum alguma algumas alguns alguém além ambos ante antes ao aonde aos apenas após
        aquela aquelas aquele aqueles aquilo as assim através até bastante bem bom cada cerca coisa coisas com como
        contra contudo cuja cujas cujo cujos cá da daquela daquele daqui das de dela delas dele deles demais dentro
        depois desde dessa dessas desse desses desta destas deste destes deve devem deveria devo diante disse disso
        disto diz dizer do dos durante dá dão e ela elas ele eles em embora enquanto entanto entre era eram essa essas
        esse esses esta estar estas estava estavam este estes esteve estive estou está estão eu existe existem fará faz
        fazem fazer fez foi for foram fosse fossem fui haver havia há isso isto já la lhe lhes lo logo lá mais mas me
        mediante menos mesma mesmas mesmo mesmos meu meus mim minha minhas muita muitas muito muitos na nada nas nela
        nele nem nenhum nenhuma nessa nesse nesta neste no nos nossa nossas nosso nossos num numa nunca não nós o
        obrigado olá onde os ou outra outras outro outros para pela pelas pelo pelos per perante pode podem poder
        poderia pois por porque porquê portanto porém posso pouca poucas pouco poucos precisa preciso primeiro pôde pôr
        quais qual qualquer quando quanta quantas quanto quantos quase que quem quer quero quê se seja sejam sem sempre
        sendo ser seria será serão seu seus si sido sob sobre somente sou sua suas são só tais tal talvez também
        tampouco tanta tantas tanto tantos te tem temos tenha tenho ter terá teu teve ti tido tinha tinham toda todas
        todavia todo todos tu tua tuas tudo tão têm um uma umas uns usa usam usar vai vamos vem vindo você vocês vos vou
        à às é
        """,
}
STOP_WORDS: Mapping[str, frozenset[str]] = MappingProxyType({key: frozenset(x.split()) for key, x in _LISTS.items()})
"""The stop words by ISO 639-1 code, in lower case, with their accents."""

_ASKING = {
    "en": r"how\s+(?:long|soon|often|far|quickly|fast|old|tall|heavy|deep|high|wide)|differences?\s+between"
    r"|what(?:['’]s|\s+is)\s+the\s+difference",
    "de": r"wie\s+(?:alt|breit|groß|gross|hoch|lange?|schnell|schwer|spät|teuer|tief|weit)|wann|prozentsatz"
    r"|hei(?:ß|ss)(?:t|en|e)|hie(?:ß|ss)(?:en)?|nennt\s+man|passiert",
    "es": r"se\s+llam\w+|porcentaje|cuánto\s+tiempo",
    "fr": r"s['’]appel\w+|pourcentage|combien\s+de\s+temps",
    "it": r"si\s+chiam\w+|percentuale|quanto\s+tempo",
    "nl": r"hoe\s+(?:breed|diep|duur|groot|hoog|laat|lang|oud|snel|ver|zwaar)|heet|heten|heette|percentage",
    "pt": r"se\s+cham\w+|percentagem|porcentagem|quanto\s+tempo",
}
ASKING: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {language: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for language, words in _ASKING.items()}
)
"""What asks for a number, a time, a name or a difference, by language: the text that answers need not say it."""

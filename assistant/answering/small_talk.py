"""Replies to messages that ask nothing of the texts: thanks, greetings, and questions about the program itself."""

import re

THANKS = "You're welcome. Ask whenever you like."
GREETING = "Hello! Ask a question, and I will look for the answer in the texts and quote it."
FAREWELL = "Goodbye!"
AGREED = "Good. Ask another question whenever you like."
ITSELF = (
    "I am a program that looks for answers in the texts that it was given. I quote them word for word, with their "
    "place, and say so if they do not answer. I write nothing of my own."
)

_OTHERS = (  # in German, French, Spanish, Italian, Dutch and Portuguese
    (
        r"(?:vielen |besten |herzlichen )?dank(?:e| dir| ihnen)?(?: schön| sehr)?(?: für (?:die|deine|ihre) \w+)?"
        r"|merci(?: beaucoup| bien| pour (?:votre|ton|l'|la) ?\w+)*"
        r"|(?:muchas )?gracias(?: por (?:tu|su|la) \w+)?|(?:molte |tante )?grazie(?: mille)?"
        r"|(?:hartelijk )?(?:bedankt|dankjewel|dank (?:je|u)(?: wel)?)(?: voor (?:je|uw|de|het) \w+)?"
        r"|(?:muito )?obrigad[oa](?: pela \w+)?",
        THANKS,
    ),
    (
        r"hallo|guten (?:tag|morgen|abend)|grüß gott|servus|moin|bonjour|bonsoir|salut|hola"
        r"|buen[oa]s (?:d[ií]as|tardes|noches)|ciao|buon ?giorno|buona ?sera|salve|goeden?(?:morgen|middag|avond|dag)"
        r"|goede (?:morgen|middag|avond)|hoi|dag|ol[áa]|bom dia|boa (?:tarde|noite)",
        GREETING,
    ),
    (
        r"tschüss?|auf wiedersehen|au revoir|adi[óo]s|hasta luego|arrivederci|tot ziens|doei|tchau|adeus|até logo",
        FAREWELL,
    ),
    (
        r"in ordnung|verstanden|alles klar|d'accord|compris|parfait|de acuerdo|entendido|vale|va bene|d'accordo|capito"
        r"|perfetto|prima|begrepen|oké|tudo bem|está bem|perfeito",
        AGREED,
    ),
)
_WELL = r"(?:(?:well|ok|okay|alright|great|perfect|cool|super|wonderful|ah|oh|yes|no|hi|hello|hey)\s+)*"
_AFTER = r"(?:\s+(?:there|again|everyone|all|you|so much|very much|a lot|a million|then|now|for now|later|soon|bot))*"
_REPLIES = tuple(
    (re.compile(rf"{_WELL}(?:{pattern}){_AFTER}"), reply)
    for pattern, reply in (
        (
            r"(?:many |much |a lot of )?(?:thanks|thank you|thankyou|thank u|thx|ty|cheers)"
            r"(?: (?:so much|very much|a lot|again))?(?: for (?:all )?(?:your|the) (?:help|answers?|quotes))?"
            r"|(?:that|this) (?:was|is) (?:very |really |so )?(?:helpful|useful|great|perfect)"
            r"|(?:that|this) (?:really )?(?:helped|helps)(?: a lot)?",
            THANKS,
        ),
        (
            r"hello|hi|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)"
            r"|how are you(?: doing)?(?: today)?",
            GREETING,
        ),
        (r"bye|bye bye|goodbye|good bye|good night|see you|see ya|farewell|cu", FAREWELL),
        (r"ok|okay|alright|all right|got it|i see|understood|great|perfect|cool|makes sense|good to know", AGREED),
        (
            r"(?:who|what) (?:are|r) you|what(?:'s| is) your name|(?:what|who) is this|what can you do(?: for me)?"
            r"|how do you work|what do you do|are you (?:a |an )?(?:bot|robot|machine|human|person|real|ai|chatbot)"
            r"|who (?:made|built|created|wrote) you|can you help(?: me)?|help(?: me)?",
            ITSELF,
        ),
        *_OTHERS,
    )
)
_MARKS = re.compile(r"[^\w\s']+|_")


def small_talk(message: str) -> str:
    """Return the reply to a message that is nothing but small talk; "" if it may ask something of the texts."""
    plain = " ".join(_MARKS.sub(" ", message.casefold().replace("’", "'")).split())
    return next((reply for pattern, reply in _REPLIES if pattern.fullmatch(plain)), "")

"""Takes the questions out of a message: without the story before them, and one by one.

By the forms of English questions, without a vocabulary of any subject. In
doubt, a message stays one question.
"""

import re
from collections.abc import Callable, Collection, Sequence

from assistant.answering.age_and_weight import told_of, with_person
from assistant.answering.follow_up import (
    ANY_AUXILIARY,
    ASKING,
    NEXT_CLAUSE,
    TO_VERB,
    ResolvedQuestion,
    belonging,
    without_filler,
)
from assistant.answering.leaning import NEGATION
from ingest.index.catalog import Snapshot
from ingest.text.sentences import sentence_spans
from ingest.text.terms import content_stems, content_terms

FEW = 2  # content words of a question whose "that" may point to what was named before
BRIEF = 3  # the same of a question with no word of the story before it ("How long should I hold it under water?")
TOLD = 8  # content words of a story that is searched for whole with the first of several questions that needs it
MOST = 4  # questions of one message that are answered one by one

_WHO = r"(?:i|it|we|you|they|he|she|there|this|that|these|those|my|the|a|an)"
_PAUSE = re.compile(r"…|\.{3,}")  # "and now … how likely is it"
_QUESTION = re.compile(
    rf"\W*(?:(?:and|so|but|or|now|also|then|please)\b[\s,]*)*(?:{ASKING}(?:['’]s)?|{ANY_AUXILIARY}"
    r"|tell me|explain|describe|list|show me|compare|name)\b",
    re.IGNORECASE,
)
_TURN = re.compile(
    rf"[,;:–—-]\s*(?:(?:and|so|but|now)\s+)*(?=(?:{ASKING}\b|(?:{ANY_AUXILIARY})\s+{_WHO}\b))", re.IGNORECASE
)
_TELLING = re.compile(r"\W*(?:i|i['’](?:m|ve|d)|my|we|our)\b", re.IGNORECASE)
_AND = re.compile(
    r"(?:,?\s+(?:and|but|or)(?:\s+(?:also|then|if so|if yes))?,?|,)\s+"
    rf"(?=(?:{ASKING})\b|(?:{ANY_AUXILIARY})\s+{_WHO}\b)",
    re.IGNORECASE,
)
_ASKED = re.compile(rf"(?:{ASKING})\b", re.IGNORECASE)
_TURNED = re.compile(
    rf"{ASKING}(?:['’]s\s+(?:the|an?|my|your|our|his|her|their|its)\b"
    rf"|(?:\s+(?!(?:i|it|we|you|they)\b)[\w'’-]+){{0,5}}?\s+(?:{ANY_AUXILIARY})\b)",
    re.IGNORECASE,
)
_PLAINLY_TURNED = re.compile(  # not "when the last one was"
    rf"{ASKING}(?:['’]s\s+(?:the|an?|my|your|our)\b"
    rf"|(?:\s+(?!(?:{_WHO}|your|our)\b)[\w'’-]+){{0,2}}?\s+(?:{ANY_AUXILIARY})\b)",
    re.IGNORECASE,
)
_SUBJECT_FIRST = re.compile(  # "comp 290 what time are posts due", but not "after how many years do I"
    r"(?!(?:after|at|before|by|during|for|from|in|of|on|since|to|until|with)\b)"
    rf"(?:(?!(?:{ASKING}|that|told|asked|know|knows|wonder)\b)[\w'’-]+ ){{1,4}}"
    rf"(?:what|how)(?:\s+(?!(?:{_WHO})\b)[\w'’-]+){{0,2}}?\s+(?:{ANY_AUXILIARY})\b",
    re.IGNORECASE,
)
_LEFT_OUT = re.compile(
    rf"(?:what\s+(?!(?:{ANY_AUXILIARY})\b)[\w'’-]+|which(?:\s+(?!(?:{ANY_AUXILIARY})\b)[\w'’-]+){{1,2}})\W*",
    re.IGNORECASE,
)
_VERB_NEXT = re.compile(  # "what happens in the body", "which exercises help"
    r"(?:what|who|which)\s+(?!(?:i|it|we|you|they)\b)\w+s\b"
    rf"|(?:what|which)\s+(?:(?!(?:{ANY_AUXILIARY})\b)[\w'’-]+\s+){{0,2}}?[\w'’-]+s\s+"
    rf"(?!(?:{ANY_AUXILIARY}|{_WHO}|of|for|in|on|at|to|and|or)\b)[\w'’-]+",
    re.IGNORECASE,
)
_DANGLING = re.compile(rf"\b(?:{ASKING}|and|or|if|whether|the|of|to|for|on)\W*$", re.IGNORECASE)
_COMMAND = re.compile(r"do\s+(?:the|a|an|this|that|these|those|my)\b", re.IGNORECASE)
_POINTING = re.compile(  # neither "is it safe to run" nor "how likely is it bursitis"
    rf"\b(?:it|they|them|this|that|these|those|he|she|him)\b(?!\s+(?:\w+\s+)?(?!{TO_VERB})(?:that|to)\b)"
    r"(?<!\blikely is it)(?<!\blikely was it)|\blikely\s+(?:is|was)\s+it\W*$"
    r"|(?:(?<=\bfrom )|(?<=\bto )|(?<=\bin )|(?<=\bnear )|(?<=\bget )|(?<=\bgo )|(?<=\blive ))there\b"
    r"(?!\s+(?:being|is|are|was|were)\b)",
    re.IGNORECASE,
)
_OWNING = re.compile(r"\b(?:its|their|his|her)\b", re.IGNORECASE)
_RELATIVE = frozenset({"this", "that", "these", "those"})  # "printers with a tray that holds A3" points to nothing
# "what is bursitis?"
_DEFINING = re.compile(
    r"\W*(?:and\s+)?what(?:['’]s|\s+(?:is|are))\s+(?!(?:the|my|your|our|in|on|at|for)\b)[\w'’-]+(?:\s+[\w'’-]+){0,2}\W*",
    re.IGNORECASE,
)
_CLAUSE = re.compile(rf"(?:if|when|after|before|during|because|since|while|{ASKING})\b", re.IGNORECASE)
# What one may not take or do: without it, the question means the opposite.
_DENYING = re.compile(r"\b(?:allerg\w*|intoleran\w*|avoid\w*|stop(?:ped)?|except|instead)\b", re.IGNORECASE)
# Denies only that somebody knew or was there, and nothing that is asked about.
_IDLE_DENIAL = re.compile(
    r"\bno (?:idea|clue)\b|\b(?:nobody|no one) (?:else )?(?:about|around|there|here)\b|\bnot sure\b"
    r"|\b(?:do|did|does)(?:n['’]t| not) know\b|\b(?:can|could)(?:n['’]t| ?not) (?:find|tell|remember)\b",
    re.IGNORECASE,
)


def _last_phrase(prepositions: str, others: str) -> re.Pattern[str]:
    """Return what finds the end of a question from its last preposition on, if that is one of `prepositions`."""
    return re.compile(rf"\s(?:{prepositions})\s(?:(?!\b(?:{others})\b)[^,;:?!.])+$", re.IGNORECASE)


# What ends a question and may hold for the one before too ("with gout").
_PREPOSITIONS = "with|for|in|against|after|during|before|without"
_ENDING = _last_phrase(_PREPOSITIONS, _PREPOSITIONS)
_SITUATION = _last_phrase("after|during|before|without", "with|after|during|before|without")  # "after surgery"
_REFERRING = re.compile(r"\b(?:ones?|two|both|either|another|others?|else|instead|better|best)\b", re.IGNORECASE)
_ANOTHER = re.compile(r"\b(?:ones?|another|others)\b", re.IGNORECASE)
_OF = r"\b(?:of|about|for|with)\b"
_NAMED = (
    re.compile(  # the forms in which a question says plainly what it is about; not "exercises for people with asthma"
        rf"(?:what|who)(?:['’]s|\s+(?:is|are|was|were))\s+(?:(?:(?!{_OF}).)+{_OF}\s+)?(?P<is>(?:(?!{_OF}).)+)"
        rf"|how\s+\w+\s+(?:is|are)\s+it\s+(?P<likely>.+)"
        rf"|how\s+(?:do|does|did|can)\s+(?!{_WHO}\b)(?P<does>.+)\s+\w+"
        rf"|(?:what|who)\s+(?!(?:{ANY_AUXILIARY})\b)\w+s\s+(?!(?:{ANY_AUXILIARY})\b)(?P<verb>.+)",
        re.IGNORECASE,
    )
)
_TEXTS = r"(?:documentation|docs|documents?|texts?|files?|handbook|manual|notes|minutes|guide|book|pages?|website)"
_SAID = re.compile(  # "what does the handbook say about X", "is there anything in the docs on X", "what was said on X"
    rf"\W*(?:(?:(?:(?:what|where)\s+)?(?:does|do|did)|anything)\s+(?:(?:the|my|your|these|our)\s+)?(?:\w+\s+)?{_TEXTS}"
    r"\s+(?:say|says|tell|mention|have)(?:\s+(?:me|us))?"
    r"|(?:what|is|are|where)(?:['’]s)?(?:\s+(?:is|are|was|were|there|anything|something|it|said|written|stated))*"
    rf"\s+(?:in|by)\s+(?:the|my|your|these|our)\s+(?:\w+\s+)?{_TEXTS}"
    r"|what\s+(?:is|was|has been)\s+(?:said|written))"
    r"(?:\s+(?:anything|something))?\s+(?:about|on|regarding)\s+(?P<topic>.+?)\W*",
    re.IGNORECASE,
)
_OF_ONESELF = re.compile(r"\b(?:do|can|could|should|must|may|might|will|would|am|have)\s+(?:I|we|you)\b", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:the|a|an)\s+", re.IGNORECASE)


def parts(
    message: str,
    snapshot: Snapshot | None = None,
    complete: Callable[[str], ResolvedQuestion] = lambda question: ResolvedQuestion(question, leans=False),
    names: Callable[[str], Collection[str]] = lambda _: (),
) -> list[str]:
    """Return the questions of a message in order, each to be searched for by itself; the message if it is one question.

    `complete` completes the first question from the conversation before it. A
    pronoun or a missing subject in a later question is filled in from the
    question before it. Of a story before the questions, only those words are
    kept that stand with the first question's in a passage of the snapshot;
    without one, the story stays. So it does if it denies something ("I can't
    take ibuprofen"), or if a short question that has nothing of it but a name needs it.
    Names in it (drugs, diseases) and the age and weight of a person are always
    kept. Names go over from the first question to what the same sentence asks of
    the asker ("and how long before can I drive?"), if a passage has one with a
    word of that.
    """
    message = without_filler(message.strip())
    story, asked = _told(message)
    questions = [(at > 0, question) for each in map(_taken_apart, asked) for at, question in enumerate(each)]
    denies = story and (NEGATION.search(_IDLE_DENIAL.sub("", story)) or _DENYING.search(story))
    if denies or (story and (snapshot is None or not _by_itself(asked[0]))) or not 1 <= len(questions) <= MOST:
        return [complete(message).text]
    (_, first), *others = questions
    told = names(story) if story else ()
    kept = belonging(content_terms(first), story, snapshot, told) if story and snapshot else ""
    needs = _needs_its_story(first)
    if story and needs and not set(kept.split()) - set(told):
        if not others:
            return [complete(message).text]
        kept = story.rstrip(" .!") if len(content_terms(story)) <= TOLD else ""
    whole = f"{kept}: {first}" if kept else first
    resolved = complete(whole)
    found = [resolved.text]
    before = whole if needs else first
    for joined, question in others:
        before = _filled_in(question, before, resolved.about if resolved.leans else "", joined=joined)
        named = _carried(first, before, snapshot, names) if joined else ()
        found.append(f"{before.rstrip('? ')} ({' '.join(named)})?" if named else before)
    person = told_of(story)
    return [with_person(each, person) for each in found]


def _carried(
    first: str, question: str, snapshot: Snapshot | None, names: Callable[[str], Collection[str]]
) -> Collection[str]:
    """Return the names of a first question that go over to a further one."""
    if not _OF_ONESELF.search(question) or names(question):
        return ()
    found, words = names(first), content_stems(question)
    stems = [stem for name in found for stem in content_stems(name)]
    together = stems and words and (snapshot is None or snapshot.texts_with([stems, list(words)], 1))
    return found if together else ()


def topic(question: str) -> str:
    """Return what a question about the texts wants to know of them ("what do the docs say about X"); else itself."""
    found = _SAID.fullmatch(question)
    return found["topic"] if found and content_terms(found["topic"]) else question


def _told(message: str) -> tuple[str, list[str]]:
    """Return the sentences of a message that tell something, and those that ask; all of it asks if none does."""
    pieces = _PAUSE.split(message)
    sentences = [piece[start:end] for piece in pieces for start, end in sentence_spans(piece, 0, len(piece))]
    told, asked = [], []
    for sentence in sentences:
        if sentence.rstrip().endswith("?") or _QUESTION.match(sentence):
            story, question = _turned(sentence)
            told.append(story)
            asked.append(question)
        else:
            told.append(sentence)
    story = " ".join(each.strip() for each in told if content_terms(each))
    return (story, asked) if any(content_terms(each) for each in asked) else ("", [message])


def _turned(sentence: str) -> tuple[str, str]:
    """Divide a sentence where it has told something and begins to ask ("My hip hurts, what helps with bursitis?")."""
    turn = _TURN.search(sentence)
    if turn is None or not _TELLING.match(sentence) or _QUESTION.match(sentence):
        return "", sentence
    return sentence[: turn.start()], sentence[turn.end() :]


def _by_itself(question: str) -> bool:
    """Whether a question says what it is about, rather than referring to what was told before."""
    terms = content_terms(question)
    return len(terms) > (2 if _POINTING.search(question) or _REFERRING.search(question) else 0)


def _needs_its_story(question: str) -> bool:
    """Whether a question with nothing of the story before it says too little.

    It has one content word, or few and points back; "What is bursitis?" says enough.
    """
    words = len(set(content_stems(question)))
    if words < FEW:
        return not _DEFINING.fullmatch(question)
    points = (_points(question) and not _has_antecedent(question)) or _ANOTHER.search(question)
    return bool(points) and words <= BRIEF


def _taken_apart(question: str) -> list[str]:
    """Split a question before each "and" that begins another one."""
    at, found = 0, []
    # "…, what's the price, and when is it?"
    turned = [_PLAINLY_TURNED.match(each) is not None for each in _AND.split(question)[1:]]
    for joint in _AND.finditer(question):
        before, after = question[at : joint.start()], question[joint.end() :]
        listed = joint.group().strip() == "," and not _POINTING.search(_AND.split(after)[0])
        listed = listed and not (len(turned) > 1 and all(turned))
        if _whole(before) and _begins(after) and not listed:
            found.append(before.strip())
            at = joint.end()
    found.append(question[at:].strip())
    return _with_shared_ending(found)


def _with_shared_ending(questions: Sequence[str]) -> list[str]:
    """Return the questions; short ones that begin alike get the end of the last ("with gout")."""
    last = questions[-1].rstrip(" ?!.")
    ending = _ENDING.search(last)
    opening = last.casefold().split()[:2]
    alike = (
        ending
        and _in_person(last)
        and not _POINTING.search(ending[0])
        and all(
            each.casefold().split()[:2] == opening
            and _in_person(each)
            and not _ENDING.search(each)
            and len(content_terms(each)) <= FEW
            for each in questions[:-1]
        )
    )
    return [f"{each}{ending[0]}" for each in questions[:-1]] + [questions[-1]] if ending and alike else list(questions)


def _whole(before: str) -> bool:
    """Whether a text is a question by itself: it asks, says about what, and does not end in the middle."""
    if not content_terms(before) or _DANGLING.search(before):
        return False
    if not _QUESTION.match(before):
        return bool(_SUBJECT_FIRST.match(before) and not _TELLING.match(before))
    return not _ASKED.match(before) or (_begins(before) and not _LEFT_OUT.fullmatch(before))


def _begins(after: str) -> bool:
    """Whether a text begins with a question of its own, rather than with a clause such as "how old I am"."""
    first = _AND.split(after)[0]
    if _ASKED.match(first):
        return bool(_TURNED.match(first) or _VERB_NEXT.match(first) or _LEFT_OUT.fullmatch(first))
    return not _COMMAND.match(first) and len(first.split()) > 2


def _filled_in(question: str, before: str, subject: str, *, joined: bool) -> str:
    """Return a question with its pronoun or its missing subject filled in from the one before it.

    `subject` is what both are about; if it is empty, the one before says it.
    `joined` is whether both are in one sentence.
    """
    shared = _ENDING.search(before.rstrip(" ?!."))
    if shared and shared[0].casefold() in question.casefold():
        return question
    pointing = (_points(question) and not _has_antecedent(question)) or _OWNING.search(question)
    if not pointing and (_DEFINING.fullmatch(question) or len(content_terms(question)) > (2 if joined else 1)):
        return question
    named = None if subject else _NAMED.fullmatch(before.strip(" ?.!,;:"))
    named = None if named and _CLAUSE.match(named[str(named.lastgroup)]) else named
    subject = _ARTICLE.sub("", named[str(named.lastgroup)], count=1) if named else subject
    if not pointing or not subject:
        ending = None if pointing or named or not _in_person(question) else _SITUATION.search(before.rstrip(" ?!."))
        ending = ending if ending and _in_person(before) else None
        whole = " ".join(before[term.start : term.end] for term in content_terms(before))
        about = subject or (ending[0].strip() if ending else whole)
        return f"{about}: {question}" if about else question
    if _OWNING.search(question):
        return _OWNING.sub(lambda _: f"{subject}'s", question, count=1)
    pronouns = list(_POINTING.finditer(question))
    at = next((each for each in pronouns if each[0].lower() != "there"), pronouns[0])
    return f"{question[: at.start()]}{subject}{question[at.end() :]}"


def _in_person(question: str) -> bool:
    """Whether a question asks what I, you, we or one may do."""
    return re.search(rf"\b(?:{ANY_AUXILIARY})\s+(?:i|you|we|one)\b", question, re.IGNORECASE) is not None


def _has_antecedent(question: str) -> bool:
    """Whether a question has a clause before its pronoun ("Does paracetamol harm the liver if I take it daily?")."""
    pronoun = _POINTING.search(question)
    before = content_terms(question[: pronoun.start()]) if pronoun else []
    return bool(len(before) >= FEW and pronoun and NEXT_CLAUSE.search(question, before[0].end, pronoun.start()))


def _points(question: str) -> bool:
    """Whether a question has a pronoun that points to what was named before."""
    found = {match[0].lower() for match in _POINTING.finditer(question)}
    return bool(found - _RELATIVE) or bool(found and len(content_terms(question)) <= FEW)

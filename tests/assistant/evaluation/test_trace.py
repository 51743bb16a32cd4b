from collections.abc import Mapping, Sequence

from assistant.evaluation.prompts import Prompt
from assistant.evaluation.trace import StageResult, StageSummary, is_right, summarize, trace
from assistant.schema import Evidence, ScoredPassage
from ingest.schema import Passage

TEXT = "The groin is what hurts. Walk every day for half an hour."
RIGHT = Passage("1", "/", "a.md", 0, len(TEXT), TEXT, None, (), ((0, 24), (25, len(TEXT))), "0")
WRONG = Passage("2", "/", "b.md", 0, 5, "Arms.", None, (), ((0, 5),), "1")


def scored(*passages: Passage) -> list[StageResult]:
    return [ScoredPassage(passage, 1.0) for passage in passages]


class Staged:
    def stages(self, question: str, history: Sequence[str] = ()) -> Mapping[str, Sequence[StageResult]]:
        if "hip" in question:
            return {
                "dense": scored(WRONG, RIGHT),
                "lexical": [],
                "fused": scored(RIGHT, WRONG),
                "evidence": [Evidence(RIGHT, 0, 24, 1.0)],
            }
        return {"dense": scored(WRONG, RIGHT), "lexical": [], "fused": scored(WRONG), "evidence": []}


PROMPTS = (
    Prompt("hip", "hip?", answers=("groin",)),
    Prompt("walk", "walk?", passages=("Walk every day for half an hour. And rest.",)),
    Prompt("dose", "dose?", unanswerable=True),
)


def test_ranks_of_the_first_right_find_and_where_it_is_lost() -> None:
    told: list[tuple[int, int]] = []
    hip, walk = trace(Staged(), PROMPTS, lambda done, total: told.append((done, total)))
    assert hip.ranks == {"dense": 2, "lexical": None, "fused": 1, "evidence": 1}
    assert hip.lost_at is None
    assert walk.ranks == {"dense": 2, "lexical": None, "fused": None, "evidence": None}
    assert walk.lost_at == "lexical"
    assert told == [(1, 2), (2, 2)]


def test_stages_summed_up() -> None:
    assert summarize(trace(Staged(), PROMPTS)) == (
        StageSummary("dense", 0, 1, 1, 2),
        StageSummary("lexical", 0, 0, 0, None),
        StageSummary("fused", 0.5, 0.5, 0.5, 1),
        StageSummary("evidence", 0.5, 0.5, 0.5, 1),
    )
    assert summarize(trace(Staged(), ())) == ()


def test_what_is_right_at_a_stage() -> None:
    walk = PROMPTS[1]
    assert is_right(walk, ScoredPassage(RIGHT, 1.0))  # one of its sentences lies in the gold passage
    assert not is_right(walk, Evidence(RIGHT, 0, len(TEXT), 1.0))  # the whole would be quoted, and does not
    named, graded = Prompt("n", "Q?", sources=("a.md",)), Prompt("g", "Q?", relevance={"a.md": 1, "b.md": 2})
    assert [is_right(named, each) for each in scored(RIGHT, WRONG)] == [True, False]
    assert [is_right(graded, each) for each in scored(RIGHT, WRONG)] == [False, True]

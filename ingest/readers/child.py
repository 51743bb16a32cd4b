"""The process that reads files for `ingest.readers.isolated`: `python -m ingest.readers.child MEGABYTES`.

It reads pickled requests from standard input, each with the seconds it may take, and answers with what `answer`
returns. Only the errors that the readers raise on purpose are caught; any other ends this process, and the parent
reports it for that file.
"""

import gc
import os
import pickle
import signal
import sys
from dataclasses import replace
from pathlib import Path

from ingest.allocator import limit_memory, release_free_memory
from ingest.errors import SourceUnreadable
from ingest.readers.registry import read
from ingest.schema import Document, Reading
from ingest.text.language import document_language
from ingest.text.sentences import document_sentences

Request = Document | tuple[Path, str]
"""A document whose sentences are wanted, or a file to read and its source."""
Answer = Reading | SourceUnreadable
LARGE = 1_000_000
"""Characters: reading a longer text takes much memory that Python keeps."""


def main() -> None:
    """Answer requests until standard input is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches both processes; the parent decides what it means
    limit_memory(int(sys.argv[1]))
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that a library prints may mix with the answers
    while True:
        try:
            request, seconds = pickle.load(requests)
        except EOFError:
            return
        _limit_time(seconds)
        pickle.dump(answer(request), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


def answer(request: Request) -> Answer:
    """Return the document with its sentences, or why its file cannot be read."""
    try:
        document = request if isinstance(request, Document) else read(*request)
    except SourceUnreadable as error:
        return error
    if len(document.text) > LARGE:
        gc.collect()  # the model that finds its language needs as much again
        release_free_memory()
    document = replace(document, language=document_language(document))
    return Reading(document, document_sentences(document))


def _limit_time(seconds: float) -> None:
    """End this process if it outlives its parent, which otherwise ends it earlier."""
    if sys.platform != "win32":
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime + 2 * seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()

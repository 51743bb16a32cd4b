"""What several tests of the assistant need."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Make a cross-encoder with so many outputs and random weights; return its folder."""

    def make(outputs: int) -> Path:
        import torch
        from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

        folder = tmp_path_factory.mktemp("tiny")
        marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        words = [*marks, "heat", "helps", "cats", "sleep", "does", "help", "?", "."]
        torch.manual_seed(1)
        size = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
        config = BertConfig(vocab_size=len(words), num_labels=outputs, **size)
        BertForSequenceClassification(config).save_pretrained(folder)
        BertTokenizerFast(vocab={word: at for at, word in enumerate(words)}).save_pretrained(folder)
        return folder

    return make

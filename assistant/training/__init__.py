"""How the shipped weights are made: question sets of our own, the cross-encoder, the sentence score and the gate."""

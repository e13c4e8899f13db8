"""Cross-validation for small sets: a network for each fold of the training and validation subjects (docs/transfer.md).

`folds` says who is trained on, who chooses the epoch and who is judged; `arrays` cuts the prepared arrays accordingly;
`run` trains and judges fold after fold; `report` pools the answers and writes them down. The test split is not opened.
"""

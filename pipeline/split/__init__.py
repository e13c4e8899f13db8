"""Split: leak-free train, validation and test sets, grouped by subject, as COCO JSON."""

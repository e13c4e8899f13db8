"""Check the annotation table with a Great Expectations suite. Errors stop the pipeline, warnings are listed.

`expectations/` holds the checks (numpy only), `suite.py` runs them as expectations of Great Expectations, `docs.py` and
`worklist.py` write the reports for people.
"""

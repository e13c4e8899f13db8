"""Check the annotation table with a Great Expectations suite; errors stop the pipeline, warnings are listed.

`expectations/` holds what is checked (numpy only), `suite.py` runs it as Great Expectations' own expectations,
`docs.py` and `worklist.py` write what people read.
"""

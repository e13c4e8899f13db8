"""Registry: from a name and an alias to a verified package on this machine.

`pull.py` is what a consumer calls. `client.py` says what is asked of a registry; `rest.py` asks an MLflow server over
HTTP, `database.py` a database through mlflow, which only an operator's environment has.
"""

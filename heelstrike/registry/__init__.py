"""The registry's client: from a reference such as `rearfoot@champion` to a verified package on this machine.

A consumer calls `pull.py`. `client.py` defines the interface of a registry client. `rest.py` reads an MLflow server
over HTTP; `database.py` reads a database through mlflow, which only an operator's environment has.
"""

"""`heelstrike doctor`: checks of the machine, the environment, the folders and the registry.

Each file checks one thing and yields `Finding`s. They hold for a consumer's environment, without torch and DVC. A
checkout adds the operator's checks (flows/doctor).
"""

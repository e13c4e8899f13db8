"""What has changed between two states of a repository: functions, settings, files of data, packages.

`why` says which stages would run and why; `heelstrike compare` says in what two versions of a model differ.
"""

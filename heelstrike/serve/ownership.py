"""Whose an evaluation is when users go: a later user of the same name is somebody else."""

from heelstrike.serve.accounts import User
from heelstrike.serve.records import REMOVED, Evaluation


def ownership(users: list[User], record: Evaluation) -> dict[str, object]:
    """Return the fields of an evaluation that do not fit today's users; empty if all do.

    An evaluation of before users had ids gets those of the users of these names. Ids of users who were removed are
    replaced by `REMOVED` (the owner), or left out (whom it was shared with).

    Args:
        users: Today's users.
        record: The evaluation.
    """
    names, ids = {user.name: user.id for user in users}, {user.id: user.name for user in users}
    owner = record.owner_id
    if owner is None and record.owner is not None:
        owner = names.get(record.owner, REMOVED)
    elif owner is not None and owner not in ids:
        owner = REMOVED
    if record.shared_with and not record.shared_ids:
        shared = tuple(names[name] for name in record.shared_with if name in names)
    else:
        shared = tuple(user for user in record.shared_ids if user in ids)
    fields = {"owner_id": owner, "shared_ids": shared, "shared_with": tuple(ids[user] for user in shared)}
    return {name: value for name, value in fields.items() if getattr(record, name) != value}

"""Withdrawal of consent: `traces` lists where a person's data is, `removal` removes it, `scan` searches all stores.

The person's media and labels go, and with them everything that stages have made of all people's data, since tables and
pictures mix them: the next retrain makes it again without the person. Weights stay, and the versions that learned from
the person are marked.
"""

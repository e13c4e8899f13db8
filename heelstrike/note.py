"""The note that files of Heelstrike carry if their format has no other place to say what wrote them."""

NOTE = "a result of Heelstrike"

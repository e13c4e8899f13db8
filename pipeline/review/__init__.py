"""The reviewer's evidence: two versions on the same test images, and what went into a version or came out of a person."""

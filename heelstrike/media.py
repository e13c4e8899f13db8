"""Which files are images and which are videos, by the ends of their names."""

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
"""Pictures of 8 bits a value; PNG and TIFF may hold more."""

MEDICAL = (".mha", ".nii", ".nii.gz", ".dcm")
"""Medical images; each holds one image, not a volume."""

VIDEOS = (".mp4", ".mov", ".avi", ".mkv", ".m4v", ".webm", ".mpg", ".mpeg", ".mts", ".wmv")

MEDIA = (*IMAGES, *MEDICAL, *VIDEOS)

KNOWN = " ".join(sorted(suffix.removeprefix(".") for suffix in MEDIA))
"""All of them, for a message."""


def is_image(name: str) -> bool:
    """Whether a file of this name is read as a still image, medical ones included."""
    return name.lower().endswith((*IMAGES, *MEDICAL))


def is_medical(name: str) -> bool:
    """Whether a file of this name is read as a medical image."""
    return name.lower().endswith(MEDICAL)


def is_video(name: str) -> bool:
    """Whether a file of this name is read as a video."""
    return name.lower().endswith(VIDEOS)

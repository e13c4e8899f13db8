"""What a file is by its name."""

import pytest

from heelstrike.media import MEDIA, is_image, is_medical, is_video


@pytest.mark.parametrize("suffix", MEDIA)
def test_every_known_name_is_an_image_or_a_video(suffix: str) -> None:
    for name in (f"folder/a{suffix}", f"A.B{suffix.upper()}"):
        assert is_image(name) != is_video(name)


def test_medical_images_are_images() -> None:
    assert is_medical("x/y.NII.gz") and is_image("x/y.NII.gz")
    assert is_medical("a.dcm")
    assert not is_medical("a.png")


@pytest.mark.parametrize("name", ["a.gz", "a.txt", "png", "a", "a.png.json", ""])
def test_other_names_are_neither(name: str) -> None:
    assert not is_image(name)
    assert not is_video(name)

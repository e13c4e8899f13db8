"""Label documents about several people, without the entries about one of them.

Known are COCO (images with their annotations), Label Studio (tasks), VIA (images) and CVAT's XML (images and, where a
video is named, its tracks). An entry is about a person if any of its values names the person or a file of the person.
"""

from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

About = Callable[[str, str], bool]
"""Whether a value is about the person, given its key and its text."""

_SUBJECT = "subject"


def without_entries(document: Any, about: About) -> int | None:
    """Remove the entries about a person from the content of a JSON file.

    Returns:
        How many were removed; `None` if the content is of no known kind, and unchanged then.
    """
    if isinstance(document, dict) and _is_coco(document):
        gone = {image["id"] for image in document["images"] if _is_about(image, about)}
        document["images"] = [image for image in document["images"] if image["id"] not in gone]
        document["annotations"] = [one for one in document["annotations"] if one.get("image_id") not in gone]
        return len(gone)
    if isinstance(document, list) and document and all(isinstance(one, dict) and "data" in one for one in document):
        before = len(document)  # Label Studio
        document[:] = [task for task in document if not _is_about(task, about)]
        return before - len(document)
    images = document.get("_via_img_metadata", document) if isinstance(document, dict) else None
    if (
        isinstance(images, dict)
        and images
        and all(isinstance(one, dict) and "filename" in one for one in images.values())
    ):
        gone_keys = [key for key, image in images.items() if _is_about(image, about)]
        for key in gone_keys:
            del images[key]
        if isinstance(listed := document.get("_via_image_id_list"), list):
            document["_via_image_id_list"] = [key for key in listed if key in images]
        return len(gone_keys)
    return None


def without_elements(root: ElementTree.Element, about: About) -> int | None:
    """Remove the images and tracks about a person from CVAT's XML; arguments and result are those for JSON."""
    if root.tag != "annotations":
        return None
    tasks = {task.findtext("id") for task in root.iter("task") if about("source", task.findtext("source") or "")}
    gone = [one for one in root.findall("image") if about("name", one.get("name", "")) or _texts_about(one, about)]
    gone += [one for one in root.findall("track") if one.get("task_id", next(iter(tasks), "")) in tasks]
    for element in gone:
        root.remove(element)
    for parent in list(root.iter()):
        for task in [one for one in parent.findall("task") if one.findtext("id") in tasks and parent.tag == "tasks"]:
            parent.remove(task)
    return len(gone)


def _is_coco(document: dict[str, Any]) -> bool:
    images, annotations = document.get("images"), document.get("annotations")
    return (
        isinstance(images, list)
        and isinstance(annotations, list)
        and all(isinstance(one, dict) and "id" in one for one in images)
        and all(isinstance(one, dict) for one in annotations)
    )


def _is_about(entry: dict[str, Any], about: About) -> bool:
    return any(about(key, text) for key, text in _texts(entry, ""))


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yield every text below a value with its key; numbers only as a subject."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, key)
    elif isinstance(value, str) or key == _SUBJECT:
        yield key, str(value)


def _texts_about(image: ElementTree.Element, about: About) -> bool:
    """Return True if an attribute of a CVAT object, such as `subject`, is about the person."""
    return any(about(one.get("name", ""), one.text or "") for one in image.iter("attribute"))

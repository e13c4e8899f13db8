"""Every registry client answers alike: over HTTP from a real MLflow server, and through mlflow from a database."""

import pytest

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from heelstrike.registry.client import connect, find_version
from heelstrike.registry.database import DatabaseClient
from heelstrike.registry.rest import RestClient
from heelstrike.registry.versions import CHALLENGER, Reference, RegisteredModel
from pipeline.registry.promote import promote
from pipeline.registry.store import open_registry


class ClientConformance:
    """What every client does; a subclass gives the fixture `store`: a world whose registry is of that kind."""

    @pytest.fixture
    def filled(self, store):
        """Version 1 is champion, version 2 challenger."""
        if not connect(store.root).aliases(store.problem):
            promote(store.root, store.decision(store.candidate(1), None))
            store.candidate(2)
        return store

    def test_models_with_their_aliases(self, filled):
        models = [model for model in connect(filled.root).models() if model.name == filled.problem]
        assert models == [RegisteredModel(filled.problem, {"challenger": 2, "champion": 1})]

    def test_versions_are_the_operators(self, filled):
        with open_registry(filled.root, filled.problem) as registry:
            expected = registry.versions()
        client = connect(filled.root)
        assert client.versions(filled.problem) == expected
        assert [version.number for version in expected] == [1, 2]
        assert client.version(filled.problem, 2) == expected[1]
        assert expected[1].tags["heelstrike.package"] == expected[1].package

    def test_what_is_not_there(self, filled):
        client = connect(filled.root)
        assert client.aliases("nothing") == {}
        assert client.versions("nothing") == []
        assert client.version("nothing", 1) is None
        assert client.version(filled.problem, 9) is None

    def test_references(self, filled):
        client, name = connect(filled.root), filled.problem
        numbers = {Reference(name): 1, Reference(name, CHALLENGER): 2, Reference(name, number=2): 2}
        assert {find_version(client, reference).number: n for reference, n in numbers.items()} == {1: 1, 2: 2}
        with pytest.raises(UserError, match=rf"{name} has no version 9 in .*; it has \[1, 2\]"):
            find_version(client, Reference(name, number=9))

    def test_files_come_byte_for_byte(self, filled, tmp_path):
        client = connect(filled.root)
        version = client.version(filled.problem, 2)
        package, target = filled.layout.out("package"), tmp_path / "downloaded"
        target.mkdir()
        for name in ("manifest.json", "model.onnx"):
            assert client.download(version, name, target) == target / name
            if (package / name).is_file():  # the package of version 2 lies where it was made
                assert file_digest(target / name) == file_digest(package / name)
        weights = client.download(version, "training/weights.safetensors", target)
        assert weights == target / "training" / "weights.safetensors"

    def test_a_file_that_is_not_there_is_a_message(self, filled, tmp_path):
        client = connect(filled.root)
        with pytest.raises(UserError, match=rf"{filled.problem}/2: nothing.txt cannot be fetched from"):
            client.download(client.version(filled.problem, 2), "nothing.txt", tmp_path)


class TestServer(ClientConformance):
    @pytest.fixture
    def store(self, world, mlflow_server, monkeypatch):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
        world.problem = "conformance"
        return world

    def test_it_is_read_without_mlflow(self, filled):
        assert isinstance(connect(filled.root), RestClient)


class TestEmbedded(ClientConformance):
    @pytest.fixture
    def store(self, world):
        return world

    def test_it_is_read_through_mlflow(self, filled):
        assert isinstance(connect(filled.root), DatabaseClient)

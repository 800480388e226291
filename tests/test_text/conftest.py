"""A small text encoder that counts as trained."""
import pytest
import torch

from regionclip_mm.text import CLIPTextEncoder


def build_nano(seed: int = 0) -> CLIPTextEncoder:
    """A nano encoder with random weights, loaded as from a checkpoint."""
    torch.manual_seed(seed)
    encoder = CLIPTextEncoder('nano').eval()
    encoder.load_state_dict(encoder.state_dict())
    return encoder


@pytest.fixture
def make_nano():
    """A function that builds another one, of another seed."""
    return build_nano


@pytest.fixture(scope='module')
def nano() -> CLIPTextEncoder:
    return build_nano()


@pytest.fixture(scope='module')
def nano_file(nano, tmp_path_factory) -> str:
    """A checkpoint of a model that has ``nano`` as its text encoder."""
    path = tmp_path_factory.mktemp('nano') / 'clip_nano.pth'
    state = {f'text_encoder.{key}': value
             for key, value in nano.state_dict().items()}
    torch.save(dict(state_dict=state, meta=dict(arch='nano')), path)
    return str(path)

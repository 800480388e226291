"""Whatever a file of weights holds: tensors, or one clear error, no code."""
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from regionclip_mm.checkpoint import (CheckpointError, WeightFile,
                                      convert_openai_clip, load_weights)
from regionclip_mm.checkpoint.embeddings import (names_from_json,
                                                 names_from_text)
from regionclip_mm.checkpoint.frozen_norms import upgrade_frozen_norms

pytestmark = pytest.mark.filterwarnings('ignore')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('damage')


@pytest.fixture(scope='module')
def good_files(folder):
    """One file of each kind, as bytes."""
    weights = {'a.weight': torch.ones(3, 4), 'b': torch.zeros(2)}
    torch.save(weights, folder / 'zip')
    torch.save(weights, folder / 'old', _use_new_zipfile_serialization=False)
    save_file(weights, folder / 'safe')
    (folder / 'numpy').write_bytes(pickle.dumps(dict(a=np.ones(3))))
    module = torch.jit.script(torch.nn.Linear(2, 2))
    module.save(str(folder / 'jit'))
    return [(folder / kind).read_bytes()
            for kind in ('zip', 'old', 'safe', 'numpy', 'jit')]


def load_or_refuse(path):
    try:
        file = load_weights(path)
        upgrade_frozen_norms(file)
    except CheckpointError as error:
        assert path.name in str(error)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_files(folder, good_files, data):
    content = bytearray(data.draw(st.sampled_from(good_files)))
    for _ in range(data.draw(st.integers(0, 4))):
        where = data.draw(st.integers(0, len(content) - 1))
        content[where] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        content = content[:data.draw(st.integers(0, len(content)))]
    path = folder / data.draw(st.sampled_from(['x.pth', 'x.safetensors']))
    path.write_bytes(content)
    load_or_refuse(path)


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.sampled_from(
        [torch.ones(2), torch.ones(2).to_sparse(), np.ones(2), np.array('a'),
         np.array(1, np.uint16), torch.ones(2, device='meta')]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
        st.sampled_from(['model', 'state_dict', 'meta', 'module.a', 'a', 1]),
        inner, max_size=3), max_leaves=6)


@settings(max_examples=100, deadline=None)
@given(content=VALUES)
def test_any_plain_content(folder, content):
    torch.save(content, folder / 'plain.pth')
    load_or_refuse(folder / 'plain.pth')


@pytest.mark.parametrize('value, message', [
    (torch.ones(2).to_sparse(), "'a' is a sparse, quantized or meta tensor"),
    (torch.ones(2, device='meta'), "'a' is a sparse, quantized or meta"),
    (torch.nn.Module, 'w.pth'), ([1.], "'a' is of type list, not a tensor"),
    (None, "'a' is of type NoneType")])
def test_what_is_no_weight(tmp_path, value, message):
    torch.save(dict(model=dict(a=value)), tmp_path / 'w.pth')
    with pytest.raises(CheckpointError, match=message):
        load_weights(tmp_path / 'w.pth')


@pytest.mark.parametrize('metadata', [
    3, {'a': 3}, {1: dict(version=1)}, {'a': dict(version='old')}, [1]])
def test_metadata_of_any_type(tmp_path, metadata):
    state = OrderedDict(a=torch.ones(1))
    state._metadata = metadata
    torch.save(state, tmp_path / 'w.pth')
    file = load_weights(tmp_path / 'w.pth')
    assert upgrade_frozen_norms(file)['a'] == 1


@pytest.mark.parametrize('content', [[1], 'text', None, {'a': 1}])
def test_torchscript_without_a_module(tmp_path, content):
    with zipfile.ZipFile(tmp_path / 'w.pt', 'w') as archive:
        archive.writestr('x/constants.pkl', b'')
        archive.writestr('x/data.pkl', pickle.dumps(content))
    with pytest.raises(CheckpointError, match='w.pt was not opened: it holds '
                       'a .*, not a module'):
        load_weights(tmp_path / 'w.pt')


def test_files_swapped_between_options(tmp_path):
    path = tmp_path / 'names.json'
    path.write_text('{\n"categories": []}')
    with pytest.raises(CheckpointError, match='give it with --json'):
        names_from_text(path)
    path = tmp_path / 'weights.pth'
    torch.save(dict(a=torch.ones(1)), path)
    with pytest.raises(CheckpointError, match='weights.pth cannot be read'):
        names_from_text(path)
    with pytest.raises(CheckpointError, match='weights.pth is not a json'):
        names_from_json(path)


@settings(max_examples=60, deadline=None)
@given(state=st.dictionaries(
    st.sampled_from(['visual.conv3.weight', 'visual.layer1.0.conv1.weight',
                     'text_projection', 'positional_embedding',
                     'transformer.resblocks.0.ln_1.weight', 'logit_scale',
                     'backbone.conv3.weight', 'lang_encoder.text_projection',
                     'lang_encoder.ln_final.bias', 'offline_x', 'x']),
    st.lists(st.sampled_from([0, 1, 64, 128]), max_size=2).map(torch.zeros)))
def test_weights_of_any_shape_are_refused_clearly(state):
    with pytest.raises(CheckpointError, match='some.pth'):
        convert_openai_clip(WeightFile(Path('some.pth'), state))


@pytest.mark.parametrize('letters', ['', 'x', 'cfx', 'base'])
def test_frequencies_that_lvis_does_not_have(tmp_path, letters):
    with pytest.raises(CheckpointError,
                       match=f"frequencies='{letters}': give"):
        names_from_json(tmp_path / 'a.json', letters)

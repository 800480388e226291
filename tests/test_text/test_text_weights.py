"""CLIPTextEncoder(checkpoint=...): files that fit, and all others."""
import pytest
import torch
from fake_clip import openai_state
from mmengine.logging import HistoryBuffer

from regionclip_mm.text import CLIPTextEncoder


class Evil:
    """Runs code where it is unpickled."""

    def __init__(self, target) -> None:
        self.target = str(target)

    def __reduce__(self):
        return exec, (f'open({self.target!r}, "w").close()', )


def test_a_missing_file(tmp_path):
    with pytest.raises(ValueError, match='There is no file .*a.pth'):
        CLIPTextEncoder('nano', checkpoint=str(tmp_path / 'a.pth'))


def test_code_in_a_file_is_not_run(tmp_path):
    torch.save(dict(state_dict=Evil(tmp_path / 'it ran')), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='a.pth was not opened.*code .*exec'):
        CLIPTextEncoder('nano', checkpoint=str(tmp_path / 'a.pth'))
    assert not (tmp_path / 'it ran').exists()


def test_a_truncated_file(nano_file, tmp_path):
    with open(nano_file, 'rb') as whole:
        (tmp_path / 'a.pth').write_bytes(whole.read(100_000))
    with pytest.raises(ValueError, match='a.pth is truncated'):
        CLIPTextEncoder('nano', checkpoint=str(tmp_path / 'a.pth'))


def test_a_file_of_another_arch(nano_file):
    with pytest.raises(ValueError, match="does not fit .*arch='rn50'.*"):
        CLIPTextEncoder('rn50', checkpoint=nano_file)


@pytest.mark.parametrize('content', [
    dict(state_dict={'backbone.conv1.weight': torch.zeros(1)}),
    {'token_embedding.weight': torch.zeros(1)}])
def test_a_file_without_a_text_encoder(tmp_path, content):
    torch.save(content, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'a.pth has no text_encoder\.\* keys'
                       '.*openai_clip.py'):
        CLIPTextEncoder('nano', checkpoint=str(tmp_path / 'a.pth'))


def test_a_file_without_names(tmp_path):
    torch.save(torch.zeros(3, 4), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='a.pth holds no weights by name'):
        CLIPTextEncoder('nano', checkpoint=str(tmp_path / 'a.pth'))


def test_a_checkpoint_of_a_training_run(nano, tmp_path):
    """MMEngine stores the history of its logs by the weights."""
    history = HistoryBuffer([1., 2.], [1, 1])
    torch.save(dict(
        state_dict={f'text_encoder.{key}': value
                    for key, value in nano.state_dict().items()},
        message_hub=dict(log_scalars=dict(loss=history)),
        optimizer=dict(param_groups=[])), tmp_path / 'a.pth')
    encoder = CLIPTextEncoder('nano', checkpoint=str(tmp_path / 'a.pth'))
    assert encoder.fingerprint() == nano.fingerprint()


def test_weights_of_a_training_that_begins(nano, tmp_path):
    """As recipes have it: to test a checkpoint nothing else is read."""
    init = dict(type='Pretrained', checkpoint=str(tmp_path / 'a.pth'),
                prefix='text_encoder.')
    encoder = CLIPTextEncoder('nano', init_cfg=init)
    torch.save(dict(state_dict={
        f'text_encoder.{key}': value
        for key, value in nano.state_dict().items()}), tmp_path / 'a.pth')
    encoder.init_weights()
    encoder.require_weights()
    assert encoder.fingerprint() == nano.fingerprint()


def test_clip_weights_by_name(tmp_path, monkeypatch):
    """Without the package that converts whole models."""
    state = openai_state()
    torch.save(state, tmp_path / 'RN50.pt')
    asked = []
    monkeypatch.setattr('regionclip_mm.text.weights.download', lambda name:
                        asked.append(name) or tmp_path / 'RN50.pt')
    encoder = CLIPTextEncoder('nano', checkpoint='clip://RN50')
    assert asked == ['RN50']
    assert torch.equal(encoder.model.text_model.final_layer_norm.bias,
                       state['ln_final.bias'].float())

"""clip://NAME: downloaded once, verified, whatever happens on the way."""
import hashlib
import multiprocessing
import os
import socket

import pytest
import torch
from mirror import Mirror
from mmengine.runner import CheckpointLoader

from regionclip_mm.checkpoint import CheckpointError
from regionclip_mm.io import download
from regionclip_mm.io import openai_files as scheme
from regionclip_mm.models import CLIPResNet
from regionclip_mm.text import CLIPTextEncoder


@pytest.fixture
def serve(monkeypatch):
    """Make a mirror the source of the weights."""
    mirrors = []

    def start(*args, **kwargs):
        mirrors.append(Mirror(*args, **kwargs))
        monkeypatch.setenv('REGIONCLIP_MM_CLIP_URL', mirrors[-1].url)
        return mirrors[-1]

    yield start
    for mirror in mirrors:
        mirror.shutdown()
        mirror.server_close()


@pytest.fixture
def weights(archive, monkeypatch):
    """The nano archive, published as 'NANO'."""
    content = archive.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(scheme.SHA256, 'NANO', sha256)
    monkeypatch.setattr(download.time, 'sleep', lambda seconds: None)
    return content


def files():
    folder = scheme.cache_dir()
    return sorted(p.name for p in folder.iterdir() if p.suffix != '.lock')


def test_loads_through_mmengine_and_caches(serve, weights, openai, capsys):
    mirror = serve(weights)
    for _ in range(2):
        loaded = CheckpointLoader.load_checkpoint('clip://nano', 'cpu', None)
    assert len(mirror.requests) == 1
    assert mirror.requests[0][0] == f'/{scheme.SHA256["NANO"]}/NANO.pt'
    assert loaded['meta'] == dict(arch='nano', source='clip://nano')
    key = 'backbone.layer1.0.conv1.weight'
    assert torch.equal(loaded['state_dict'][key],
                       openai['visual.layer1.0.conv1.weight'].float())
    assert files() == ['NANO.pt']
    assert 'NANO.pt' in capsys.readouterr().err  # the progress bar


def test_parts_are_initialised_from_it(serve, weights, openai):
    mirror = serve(weights)
    backbone = CLIPResNet('nano', init_cfg=dict(
        type='Pretrained', checkpoint='clip://NANO', prefix='backbone'))
    backbone.init_weights()
    assert torch.equal(backbone.bn1.running_var,
                       openai['visual.bn1.running_var'])
    text = CLIPTextEncoder('nano', checkpoint='clip://NANO')
    assert torch.equal(text.model.text_model.final_layer_norm.bias,
                       openai['ln_final.bias'])
    assert len(mirror.requests) == 1


def test_an_interrupted_download_goes_on(serve, weights):
    mirror = serve(weights, cuts=[1000, 5000])
    scheme.download('NANO')
    assert [r for _, r in mirror.requests] == [None, 'bytes=1000-',
                                               'bytes=6000-']
    assert files() == ['NANO.pt']


def test_it_starts_again_where_parts_cannot_be_had(serve, weights):
    mirror = serve(weights, cuts=[1000], ranges=False)
    assert scheme.download('NANO').read_bytes() == weights
    assert len(mirror.requests) == 2


def test_a_part_of_an_earlier_run_is_completed(serve, weights):
    mirror = serve(weights, cuts=[500, 1, 1, 1])
    with pytest.raises(CheckpointError, match='connection broke after 503 of'):
        scheme.download('NANO')
    assert files() == ['NANO.pt.part']
    scheme.download('NANO')
    assert mirror.requests[-1][1] == 'bytes=503-'
    assert files() == ['NANO.pt']


def test_a_part_of_another_file_does_no_harm(serve, weights):
    serve(weights)
    scheme.cache_dir().mkdir(parents=True)
    for junk in (b'junk', weights + b'junk'):
        (scheme.cache_dir() / 'NANO.pt.part').write_bytes(junk)
        assert scheme.download('NANO').read_bytes() == weights
        (scheme.cache_dir() / 'NANO.pt').unlink()


def test_a_wrong_file_is_refused_and_removed(serve, weights):
    mirror = serve(b'not the weights')
    with pytest.raises(CheckpointError) as error:
        scheme.download('NANO')
    found = hashlib.sha256(b'not the weights').hexdigest()
    assert found in str(error.value)
    assert scheme.SHA256['NANO'] in str(error.value)
    assert files() == [] and len(mirror.requests) == 1


def test_a_damaged_cache_is_mended(serve, weights):
    serve(weights)
    scheme.download('NANO').write_bytes(weights[:-1])
    with pytest.warns(UserWarning, match='damaged'):
        assert scheme.download('NANO').read_bytes() == weights


def test_not_there(serve, weights):
    mirror = serve(None)
    with pytest.raises(CheckpointError, match='404'):
        scheme.download('NANO')
    assert len(mirror.requests) == 1


def test_offline_says_what_to_put_where(weights, monkeypatch):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    monkeypatch.setenv('REGIONCLIP_MM_CLIP_URL', f'http://127.0.0.1:{port}')
    with pytest.raises(CheckpointError) as error:
        scheme.download('NANO')
    message = str(error.value)
    assert 'NANO.pt' in message and scheme.SHA256['NANO'] in message
    assert message.endswith(f'put it into {scheme.cache_dir()}.')
    (scheme.cache_dir() / 'NANO.pt').write_bytes(weights)
    assert scheme.download('NANO').read_bytes() == weights


@pytest.mark.parametrize('mirror, reason', [
    ('not an address', 'unknown url type'), ('/data/clip', 'unknown url type'),
    ('htp://example', 'unknown url type'), ('http://[::1', 'Invalid IPv6'),
    ('http://a b', "can't contain control characters"),
    ('http://127.0.0.1:x', 'nonnumeric port'), ('http://', 'no host given')])
def test_bad_addresses_of_a_mirror(weights, monkeypatch, mirror, reason):
    monkeypatch.setenv('REGIONCLIP_MM_CLIP_URL', mirror)
    with pytest.raises(CheckpointError) as error:
        CheckpointLoader.load_checkpoint('clip://NANO', 'cpu', None)
    message = str(error.value)
    assert f'REGIONCLIP_MM_CLIP_URL={mirror!r}' in message
    assert reason in message and 'NANO.pt' in message
    assert files() == []


def test_a_file_in_the_folder_of_another_process(serve, weights):
    """A part that a killed process left is completed under the lock."""
    mirror = serve(weights)
    scheme.cache_dir().mkdir(parents=True)
    (scheme.cache_dir() / 'NANO.pt.part').write_bytes(weights[:1000])
    (scheme.cache_dir() / 'NANO.pt.lock').write_bytes(b'')
    scheme.download('NANO')
    assert mirror.requests[0][1] == 'bytes=1000-' and files() == ['NANO.pt']


def test_a_folder_where_the_file_should_be(weights):
    (scheme.cache_dir() / 'NANO.pt').mkdir(parents=True)
    with pytest.raises(CheckpointError, match='NANO.pt is a folder, not a '
                       'file.*REGIONCLIP_MM_CACHE'):
        scheme.download('NANO')


def test_a_cache_that_cannot_be_written(weights, tmp_path, monkeypatch):
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('REGIONCLIP_MM_CACHE', str(tmp_path / 'file'))
    with pytest.raises(CheckpointError, match='REGIONCLIP_MM_CACHE'):
        scheme.download('NANO')


@pytest.mark.parametrize('name, hint', [
    ('RN50x5', 'did you mean clip://RN50x4'), ('ViT-B/32', 'Valid names'),
    ('', 'Valid names: clip://RN50, clip://RN101')
])
def test_unknown_names(name, hint):
    with pytest.raises(CheckpointError, match=hint):
        CheckpointLoader.load_checkpoint(f'clip://{name}', 'cpu', None)


def test_names_in_any_case_have_openais_address(monkeypatch):
    urls = []
    monkeypatch.delenv('REGIONCLIP_MM_CLIP_URL', raising=False)
    monkeypatch.setattr(scheme, 'fetch', lambda *args: urls.append(args[0]))
    scheme.download('rn50X4')
    assert urls == [
        'https://openaipublic.azureedge.net/clip/models/7e526bd135e493cef0776'
        'de27d5f42653e6b4c8bf9e0f653bb11773263205fdd/RN50x4.pt']


def _download(start):
    start.wait()
    scheme.download('NANO')


def test_several_processes_at_once(serve, weights):
    mirror = serve(weights)
    context = multiprocessing.get_context('fork')
    start = context.Barrier(4)
    processes = [context.Process(target=_download, args=(start, ))
                 for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    assert len(mirror.requests) == 1
    assert (scheme.cache_dir() / 'NANO.pt').read_bytes() == weights
    assert sorted(os.listdir(scheme.cache_dir())) == [
        'NANO.pt', 'NANO.pt.lock']


def _rank(rank, port):
    torch.distributed.init_process_group(
        'gloo', f'tcp://127.0.0.1:{port}', rank=rank, world_size=2)
    if rank == 1:
        scheme.download('NANO')
    torch.distributed.barrier()


def test_a_rank_downloads_without_the_others(serve, weights):
    mirror = serve(weights)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context('fork')
    ranks = [context.Process(target=_rank, args=(i, port)) for i in range(2)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(60)
    assert [rank.exitcode for rank in ranks] == [0, 0]
    assert len(mirror.requests) == 1 and files() == ['NANO.pt']

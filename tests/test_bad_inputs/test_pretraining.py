"""What can be wrong with pretraining, through the shipped recipes.

Bad data is skipped and counted; mistakes stop the run before the first step,
with the key to change.
"""
import json
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from mmengine.config import config
from mmengine.runner import Runner, runner
from nano import make_vocabulary
from nano_pretraining import CONCEPTS
from pair_data import encoded, pair, tar_of
from pretraining_leaves import CAPTION, nano_leaf
from toy_training import final, train

from regionclip_mm.checkpoint import save_checkpoint
from regionclip_mm.text import Vocabulary

COCO, SHARDS = 'rn50_rpn_coco-captions', 'rn50_rpn_cc3m'
WORDS = 'roi_head.bbox_head.cls_predictor_cfg.vocabulary'
IMAGE = encoded(size=(96, 64))
CAPTIONS = dict(
    empty=b'', blank=b' \n', nounless=b'yes, very often!',
    long=b'word ' * 10000, latin=b'a caf\xe9', utf16='a dog'.encode('utf-16'),
    japanese='\u72ac\u3068\u732b'.encode())


def write_bad_shards(folder: Path) -> None:
    """Two shards, of which one is cut off amid an image."""
    members = [member for name, caption in CAPTIONS.items() for member in (
        (f'{name}.jpg', IMAGE), (f'{name}.txt', caption))]
    (folder / 'cc.0.tar').write_bytes(tar_of([
        *members, *pair('cut', CAPTION, IMAGE[:900])]))
    (folder / 'cc.1.tar').write_bytes(tar_of([
        *pair('x', CAPTION, IMAGE), *pair('y', CAPTION, IMAGE)])[:-12000])


def test_bad_pairs_are_skipped_and_counted(tmp_path):
    cfg = nano_leaf(SHARDS, tmp_path, steps=4)
    write_bad_shards(tmp_path)
    printed = train(cfg)
    counts = final(cfg)['skipped_data']['counts']
    assert counts['images_without_caption'] >= 2  # empty, blank
    assert counts['unreadable_images'] >= 1
    assert counts['damaged_shards'] >= 1
    assert counts['captions_with_undecodable_bytes'] >= 1  # latin
    assert counts['broken_records'] >= 1  # utf16
    assert 'utf16.txt: it contains NUL characters: is it in UTF-16?' in printed
    assert 'Skipped, ' in printed and 'Skipped in 4 iterations: ' in printed
    for name in ('nounless', 'long', 'japanese'):
        assert f'cc.0.tar, {name}' not in printed
    assert 'Iter(train) [4/4]' in printed and 'nan' not in printed


@pytest.fixture(scope='module')
def shared(tmp_path_factory):
    """Data and weights that no test changes."""
    return tmp_path_factory.mktemp('shared')


@pytest.fixture
def recipe(shared, tmp_path):
    """Makes a leaf with these data and a work_dir of its own."""
    return partial(nano_leaf, folder=shared, work_dir=str(tmp_path))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Without what a run finds out of its surroundings for the log."""
    monkeypatch.setattr(Runner, '_log_env', lambda *args: None)
    monkeypatch.setattr(runner, 'get_git_hash', lambda *args: '')
    monkeypatch.setattr(config, 'FormatCode', lambda text, **_: (text, False))


def fails(cfg, kind, message):
    """The run ends so, before a step."""
    with pytest.raises(kind, match=message):
        Runner.from_cfg(cfg).train()
    assert not [*Path(cfg.work_dir).glob('*.pth')]


def set_pool(cfg, folder, vocabulary, *parts):
    """Save it and give it to 'model', 'model.teacher'."""
    vocabulary.save(folder / 'other.words')
    cfg.merge_from_dict({f'{part}.{WORDS}.path': str(folder / 'other.words')
                         for part in parts})


@pytest.mark.parametrize('part', ['model', 'model.teacher'])
def test_embeddings_of_another_size(part, recipe, tmp_path):
    cfg = recipe(COCO)
    set_pool(cfg, tmp_path, Vocabulary(CONCEPTS, torch.rand(5, 640)), part)
    fails(cfg, ValueError, 'has 640-dimensional embeddings, the region encoder'
          rf' gives 128: .* or change {part}\.{WORDS}$')


@pytest.mark.parametrize('part', ['model', 'model.teacher'])
def test_embeddings_of_another_clip_of_the_same_size(part, recipe, tmp_path):
    """Nothing else would tell RN50's from RN50x64's."""
    cfg = recipe(COCO)
    pool = make_vocabulary(CONCEPTS)
    set_pool(cfg, tmp_path, Vocabulary(
        pool.names, pool.embeddings, dict(arch='rn50x64')), part)
    fails(cfg, ValueError, "of CLIP's rn50x64, the detector's backbone is nano"
          rf': .* --arch nano, or change {part}\.{WORDS}$')


def test_test_classes_of_another_size(tmp_path):
    """Else only the first validation would find out."""
    cfg = nano_leaf(COCO, tmp_path)
    path = (cfg.model.roi_head.bbox_head.cls_predictor_cfg.
            test_vocabulary.path)
    names = Vocabulary.load(path).names
    Vocabulary(names, torch.rand(65, 640)).save(path)
    fails(cfg, ValueError, 'has 640-dimensional embeddings.* or change '
          r'model\.roi_head\.bbox_head\.cls_predictor_cfg\.test_vocabulary$')


@pytest.mark.parametrize('vocabulary, parts, message', [
    (make_vocabulary(['cat']), ('model', 'model.teacher'),
     r'the concept pool has 1 concept \(cat\): regions learn by telling'),
    (make_vocabulary(CONCEPTS[::-1]), ('model.teacher', ),
     "student .5. and teacher .5. differ: concept 0 is 'cat' here and 'car'"),
    (make_vocabulary(CONCEPTS[:4]), ('model', 'model.teacher'),
     r'model\.roi_head\.bbox_head\.num_classes=5, but the training vocabulary '
     r'has 4 names: make them equal \(model\.roi_head\.'),
])
def test_pools_that_do_not_suit(vocabulary, parts, message, recipe,
                                tmp_path):
    cfg = recipe(COCO)
    set_pool(cfg, tmp_path, vocabulary, *parts)
    fails(cfg, ValueError, message)


@pytest.mark.parametrize('changes, kind, message', [
    ({'load_from': None}, RuntimeError,
     r'the RPN of proposal_source has no weights.*in training: load_from'),
    ({'load_from': 'no.pth'}, FileNotFoundError, r'no\.pth'),
    ({'model.teacher.init_cfg.checkpoint': 'no.pth'}, FileNotFoundError,
     r"no file model\.teacher\.init_cfg\.checkpoint='no.pth': tools/"),
    ({'model.teacher.init_cfg': None}, RuntimeError,
     r'the teacher lacks .* weights .*set model\.teacher\.init_cfg='),
    ({'model.text_encoder': None}, ValueError,
     r'captions: set model\.text_encoder, or loss_img_txt=None'),
    ({'train_dataloader.dataset.data_prefix.img': 'elsewhere'}, ValueError,
     r'101 samples in a row cannot be used. Is train_dataloader\.dataset\.'
     r"data_prefix\.img='.*elsewhere' the folder"),
    ({'train_dataloader.dataset.ann_file': 'no.json'}, FileNotFoundError,
     r'no\.json'),
])
def test_what_is_missing(changes, kind, message, recipe):
    fails(recipe(COCO, **changes), kind, message)


@pytest.mark.parametrize('of', ['load_from', 'teacher'])
def test_weights_of_another_arch(of, recipe, tmp_path):
    cfg = recipe(COCO)
    state = torch.load(cfg.load_from)['state_dict']
    path = str(tmp_path / 'wide.weights')
    save_checkpoint({
        key: value.repeat_interleave(2, 0) if value.ndim else value
        for key, value in state.items()}, path, {})
    if of == 'teacher':
        cfg.model.teacher.init_cfg.checkpoint = path
        fails(cfg, RuntimeError, 'the teacher lacks .* weights.*checkpoint of '
              'its arch, converted by tools/model_converters')
    else:
        cfg.load_from = path
        fails(cfg, RuntimeError, 'the checkpoint to train from lacks .* of the'
              ' region encoder .*load_from must be of the same arch')


def test_fewer_shards_than_readers(recipe):
    cfg = recipe(SHARDS, **{'train_dataloader.num_workers': 4})
    fails(cfg, ValueError, r'train_dataloader\.dataset\.shards are 2, fewer '
          r'than their 4 readers .*Lower train_dataloader\.num_workers')


def test_webdataset_is_not_installed(recipe, monkeypatch):
    cfg = recipe(SHARDS)
    monkeypatch.setitem(sys.modules, 'webdataset', None)
    fails(cfg, RuntimeError, 'tar shards are read by webdataset, which cannot '
          r'be imported .*pip install "webdataset')


@pytest.mark.parametrize('name, message', [
    (COCO, r'coco\.json'),
    (SHARDS, r'2 of 2 tar shards have no labels, for example .*cc\.0\.index'
     r'\.jsonl is not there .*tools/label_regions\.py'),
])
def test_offline_without_labels(name, message, recipe):
    fails(recipe(f'{name}_offline'), FileNotFoundError, message)


def test_captions_file_of_another_kind(tmp_path):
    cfg = nano_leaf(COCO, tmp_path)
    (tmp_path / 'captions.json').write_text(json.dumps(dict(
        images=[dict(id=1, file_name='0.jpg', width=96, height=64)],
        annotations=[dict(id=1, image_id=1, caption='  ')])))
    fails(cfg, ValueError, r'train_dataloader\.dataset\.ann_file=.*has no '
          r'image with a caption \(1 images without caption\)')

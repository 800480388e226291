"""Shards are labelled one by one, whatever is wrong with some."""
import pytest
from nano_pretraining import build_pretrainer
from pair_data import encoded, pair, tar_of
from region_label_files import write_labels

from mmdet.datasets import BaseDetDataset
from mmdet.registry import DATASETS, TRANSFORMS
from regionclip_mm.apis import label_parts
from regionclip_mm.apis.region_labelling import RegionLabeller, Settings
from regionclip_mm.io.region_label_index import read_head
from regionclip_mm.io.region_label_reader import RegionLabels

STEPS = [dict(type='LoadEncodedImage'),
         dict(type='Resize', scale=(96, 96), keep_ratio=True)]
META = ('img_id', 'img_path', 'img_shape', 'ori_shape', 'scale_factor',
        'text')


def small_shards(folder, **pipeline):
    """Two tars of four pairs; an image is damaged, a caption blank."""
    for shard in range(2):
        images = [encoded(number, (80, 60), 'PNG') for number in range(4)]
        images[3] = images[3][:-2000]
        (folder / f'{shard:05}.tar').write_bytes(tar_of([
            member for number, image in enumerate(images) for member in
            pair(f'{shard}{number}', ' ' * (number == 2) or None, image)]))
    return DATASETS.build(dict(dict(
        type='ImageTextShards', shards=f'{folder}/*.tar',
        pipeline=[*STEPS, dict(type='PackDetInputs', meta_keys=(
            *META, 'shard', 'texts'))]), **pipeline))


def labeller_of(dataset, folder):
    return RegionLabeller(build_pretrainer(), dataset,
                          folder / '{shard}.json', Settings(3), {})


def test_shards_have_files_of_their_own(tmp_path):
    labeller = RegionLabeller(
        build_pretrainer(), small_shards(tmp_path),
        tmp_path / '{shard}.json', Settings(top_k=3, batch_size=2), {})
    assert sum(labeller.run()) == sum(labeller.run()) == 8
    summary = labeller.finish()
    assert summary.images == 4 and len(summary.problems) == 4
    assert 'unreadable images: 00000.tar, 03: ' in summary.problems[1]
    assert summary.problems[2] == (
        'images without caption: 00001.tar, 12: it is blank')
    labels = RegionLabels(tmp_path / '00001.json')
    assert [image['id'] for image in labels.images] == ['10', '11']
    assert labels.images[0]['shard'] == '00001.tar'
    assert labels.skipped == {'13'}
    step = TRANSFORMS.build(dict(type='LoadRegionLabels',
                                 ann_file=str(tmp_path / '{shard}.json')))
    found = step(dict(img_id='10', shard='00001.tar'))
    assert len(found['gt_bboxes']) == len(labels['10']) > 0


def test_a_shard_of_nothing(tmp_path):
    """The first of them, with and without others before it on disk."""
    dataset = small_shards(tmp_path)
    (tmp_path / '00000.tar').write_bytes(b'garbage' * 1000)
    for _ in range(2):
        labeller = labeller_of(dataset, tmp_path)
        list(labeller.run())
    summary = labeller.finish()
    assert summary.images == 2
    assert 'damaged shards: ' in summary.problems[0]
    assert RegionLabels(tmp_path / '00000.json').images == []


def test_a_name_twice_in_a_shard(tmp_path):
    """The second is left out, before the teacher sees it and in training."""
    dataset = small_shards(tmp_path)
    (tmp_path / '00000.tar').write_bytes(tar_of([
        *pair('a'), *pair('b'), *pair('a', 'another')]))
    labeller = labeller_of(dataset, tmp_path)
    seen = []
    labeller.label = lambda batch: seen.extend(
        one['data_samples'].img_id for one in batch) or []
    [part, *_] = labeller.files.parts.values()
    assert sum(labeller._label_part(tmp_path / '00000.json', part)) == 3
    assert seen == ['a', 'b']
    [problem] = read_head(tmp_path / '00000.json').about['problems']
    assert problem == ('samples of a repeated name: 00000.tar, a: a sample '
                       'before it has this name')


@pytest.mark.parametrize('change, message', [
    (lambda path: path.write_bytes(path.read_bytes() + bytes(512)),
     r"tar \('(\d+) bytes, .* there, '(?!\1)\d+ bytes, .* here\).* or remove "
     '.*00001.json, .*00001.npy and .*00001.index.jsonl to'),
    (lambda path: path.write_bytes(b'.' + path.read_bytes()[1:]), 'MiB of'),
    (lambda path: path.unlink(), 'MiB of the tar .* None here')])
def test_shards_that_were_changed(tmp_path, change, message):
    """What lies behind the first MiB is not read for it."""
    dataset = small_shards(tmp_path)
    list(labeller_of(dataset, tmp_path).run())
    change(tmp_path / '00001.tar')
    with pytest.raises(ValueError, match='00001.json is of another run, of '
                       f'which differ: size and first .*{message}'):
        list(labeller_of(dataset, tmp_path).run())


def test_labels_of_an_earlier_version(tmp_path):
    """They do not say of which data they are."""
    dataset = small_shards(tmp_path)
    labeller = labeller_of(dataset, tmp_path)
    write_labels(tmp_path / '00000.json', job=labeller.files.job)
    with pytest.raises(ValueError, match=r'00000.json is of another run, .*'
                       r"the tar \(nothing there, '\d+ bytes"):
        list(labeller.run())


def test_shards_that_would_share_a_file(tmp_path):
    for folder in 'ab':
        (tmp_path / folder).mkdir()
        (tmp_path / folder / 'x.tar').write_bytes(tar_of(pair('1')))
    dataset = small_shards(tmp_path, shards=f'{tmp_path}/?/x.tar')
    with pytest.raises(ValueError, match='a/x.tar and .*b/x.tar would have '
                       'the same file of labels'):
        label_parts.parts_of(dataset)


@pytest.mark.parametrize('number', [0, 1])
def test_mistakes_are_no_bad_images(tmp_path, number):
    """A step that is broken stops the run at once, in both kinds of data."""
    def broken(results):
        raise KeyError('img_metas')

    shards = small_shards(tmp_path, pipeline=[broken])
    images = BaseDetDataset(data_root='', pipeline=[broken], lazy_init=True)
    images.data_list = [dict(img_id=1)]
    images.serialize_data, images._fully_initialized = False, True
    [part, *_] = label_parts.parts_of((shards, images)[number]).values()
    with pytest.raises(KeyError, match='img_metas'):
        next(iter(part)) if number == 0 else part[0]

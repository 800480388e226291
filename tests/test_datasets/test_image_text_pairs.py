"""Pairs from COCO captions and jsonl files."""
import gzip
import json
import os
import pickle
import time

import pytest
from pair_data import PIPELINE, encoded, loader_of, take, write_lines

from mmdet.registry import DATASETS
from regionclip_mm.datasets import image_text_pairs
from regionclip_mm.io.skipped_data import BAD_IMAGE


@pytest.fixture
def logged(monkeypatch):
    """Lines that datasets log."""
    lines = []
    monkeypatch.setattr(image_text_pairs, 'print_log',
                        lambda line, *_: lines.append(line))
    return lines


def build(path, **changes):
    return DATASETS.build(dict(dict(
        type='ImageTextPairs', ann_file=str(path), pipeline=PIPELINE,
        data_prefix=dict(img=str(path.parent))), **changes))


def coco(path, captions, **image):
    """A file with an image 1.jpg, 2.jpg ... for each list of captions."""
    path.write_text(json.dumps(dict(
        images=[dict(id=number, file_name=f'{number}.jpg', **image)
                for number, _ in enumerate(captions, 1)],
        annotations=[dict(id=10 * number + k, image_id=number, caption=text)
                     for number, texts in enumerate(captions, 1)
                     for k, text in enumerate(texts)])))
    return path


def infos(dataset):
    found = [dataset.get_data_info(i) for i in range(len(dataset))]
    return [(info['img_id'], info['img_path'].rpartition('/')[2],
             info['texts']) for info in found]


def test_coco_captions(tmp_path, logged):
    path = coco(tmp_path / 'c.json', [['a dog', ' two  '], [], ['', ' \n'],
                                      ['a cat']], width=12, height=8)
    dataset = build(path)
    assert infos(dataset) == [(1, '1.jpg', ['a dog', 'two']),
                              (4, '4.jpg', ['a cat'])]
    assert dataset.get_data_info(0)['img_path'] == str(tmp_path / '1.jpg')
    assert dataset.get_data_info(0)['width'] == 12  # to group by shape
    line, = logged
    assert '2 images with captions; left out or mended: 2 images without' in (
        line)
    assert 'c.json, 2' in line
    assert infos(pickle.loads(pickle.dumps(dataset))) == infos(dataset)


def test_lines(tmp_path):
    path = tmp_path / 'c.jsonl.gz'
    lines = [dict(image='a/1.jpg', caption='a dog'),
             dict(image='2.jpg', caption=['b', '']),
             dict(image='a/1.jpg', caption='c')]
    path.write_bytes(gzip.compress('\n\n'.join(
        map(json.dumps, lines)).encode()))
    assert infos(build(path)) == [('a/1.jpg', '1.jpg', ['a dog', 'c']),
                                  ('2.jpg', '2.jpg', ['b'])]
    named = tmp_path / 'd.jsonl'
    named.write_text(json.dumps(dict(file='x.png', text='an x')))
    assert infos(build(named, image_key='file', caption_key='text')) == [
        ('x.png', 'x.png', ['an x'])]


def test_bad_lines_are_counted(tmp_path, logged):
    path = tmp_path / 'c.jsonl'
    path.write_bytes(b'{"image": "1.jpg", "caption": "a dog"}\n'
                     b'{"image": "2.jpg", "capt\n'
                     b'{"image": "3.jpg"}\n[1]\n'
                     b'{"image": 4, "caption": "a"}\n'
                     b'{"image": "5.jpg", "caption": "caf\xe9"}\n')
    assert infos(build(path)) == [('1.jpg', '1.jpg', ['a dog']),
                                  ('5.jpg', '5.jpg', ['caf\ufffd'])]
    line, = logged
    assert "c.jsonl:5: no text under 'image', but 4" in line
    assert '4 broken records, 1 captions with undecodable bytes' in line
    assert "c.jsonl:3: no text under 'caption', its keys are 'image'" in line
    assert 'c.jsonl:4: no text under ' in line and 'it is a list' in line


def test_bad_annotations_are_counted(tmp_path, logged):
    path = coco(tmp_path / 'c.json', [['a dog', None, 3]])
    data = json.loads(path.read_text())
    data['annotations'] += [dict(image_id=99, caption='a'), 7,
                            dict(image_id=[1], caption='a'),
                            dict(image_id=1, caption='a\0')]
    data['annotations'][1]['caption'] = {'en': 'a dog'}
    path.write_text(json.dumps(data))
    assert infos(build(path)) == [(1, '1.jpg', ['a dog'])]
    assert '6 broken records' in logged[0]
    for place in ("annotations[1]: no text under 'caption', but "
                  "{'en': 'a dog'}", "[2]: no text under 'caption', but 3",
                  "annotations[3]: no image has the 'image_id' 99",
                  'annotations[4]: no text', "has the 'image_id' [1]"):
        assert place in logged[0]


@pytest.mark.parametrize('name', ['c.json', 'c.jsonl', 'c.jsonl.gz'])
def test_utf16_without_a_mark(tmp_path, name):
    coco(tmp_path / 'c.json', [['a dog']])
    text = (tmp_path / 'c.json').read_text().encode('utf-16-le')
    (tmp_path / name).write_bytes(
        gzip.compress(text) if name.endswith('.gz') else text)
    with pytest.raises(ValueError, match='(?s)it is in UTF-16: write it in'):
        build(tmp_path / name)


def test_nul_in_a_line(tmp_path, logged):
    path = tmp_path / 'c.jsonl'
    path.write_bytes(b'{"image": "1.jpg", "caption": ["a dog", "b\\u0000"]}\n'
                     b'{"image": "2.jpg", "caption": "a cat"}')
    assert infos(build(path)) == [('2.jpg', '2.jpg', ['a cat'])]
    assert ('1 broken records. The first: broken records: '
            f'{path}:1: it contains NUL characters' in logged[0])


@pytest.mark.parametrize('name', ['c.json', 'c.jsonl'])
def test_pipes_are_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match=f'{name} is a pipe or a device: wri'):
        build(tmp_path / name)


def test_mixed_encodings(tmp_path, logged):
    path = coco(tmp_path / 'c.json', [['a cafe']])
    path.write_bytes(path.read_bytes().replace(b'cafe', b'caf\xe9'))
    assert infos(build(path)) == [(1, '1.jpg', ['a caf\ufffd'])]
    assert '1 captions with undecodable bytes' in logged[0]


@pytest.mark.parametrize('name, content, error, message', [
    ('c.json', None, FileNotFoundError, 'there is no file'),
    ('c.jsonl', None, FileNotFoundError, 'there is no file'),
    ('c.json', '{"images": [], "anno', ValueError, 'not a json file'),
    ('c.json', '{"images": []}', ValueError, 'no list of annotations'),
    ('c.json', '{"images": [{"id": 1}], "annotations": []}', ValueError,
     "have no 'file_name' that is a text"),
    ('c.json', '{"images": [], "annotations": []}', ValueError,
     r'has no image with a caption \(nothing\)'),
    ('c.jsonl', '', ValueError, 'has no image with a caption'),
    ('c.jsonl', '{"url": "1.jpg", "caption": "a"}', ValueError,
     "(?s)1 broken records.*needs image_key='image' and "
     "caption_key='caption'.*no text under 'image', its keys are 'caption'"),
    ('c.txt', 'a dog', ValueError, 'should end in .json, .jsonl, .jsonl.gz; '
     "for tar shards, use type='ImageTextShards'"),
])
def test_files_that_cannot_be_used(tmp_path, name, content, error, message):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(error, match=message):
        build(tmp_path / name)


def test_fewer_images_than_a_step_takes(tmp_path):
    path = coco(tmp_path / 'c.json', [['a dog'], ['a cat']])
    loader_of(build(path), batch=2)
    with pytest.raises(ValueError, match=r'c.json has 2 images with captions, '
                       r'fewer than the 3 of a step \(processes x train_data'
                       r'loader.batch_size\).* Lower train_dataloader.batch'):
        loader_of(build(path), batch=3)


def test_a_bad_image_is_replaced(tmp_path):
    path = write_lines(tmp_path)
    (tmp_path / '3.jpg').write_bytes(encoded(size=(64, 64))[:-400])
    (tmp_path / '5.jpg').unlink()
    batches, counts = {}, []
    for workers in (0, 2):
        loader = loader_of(build(tmp_path / path), workers, shuffle=False)
        batches[workers] = take(loader, 4)
        counts.append(loader.skipped.counts)
        assert 'unreadable images: ' in loader.skipped.reasons[0]
    names = [[name for batch in found for name in batch[0]]
             for found in batches.values()]
    # one of those in their place may have been bad, too
    assert counts[0] == counts[1] and counts[0][BAD_IMAGE] >= 2
    assert names[0] == names[1]  # its own random numbers choose it
    assert len(names[0]) == 8 and not {'3.jpg', '5.jpg'} & set(names[0])


def test_the_wrong_folder(tmp_path):
    dataset = build(tmp_path / write_lines(tmp_path), max_refetch=7,
                    data_prefix=dict(img='nowhere/'))
    with pytest.raises(ValueError, match="(?s)8 samples in a row cannot be "
                       "used.*data_prefix.img='nowhere/' the folder.*"
                       r'unreadable images: nowhere/\d.jpg: .*No such file'):
        dataset[0]
    dataset.test_mode = True
    with pytest.raises(Exception, match='unreadable images'):
        dataset[0]


def test_mistakes_in_the_pipeline_stop_the_run(tmp_path):
    dataset = build(tmp_path / write_lines(tmp_path))
    dataset.pipeline.transforms.insert(1, lambda results: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        dataset[0]


def seconds_of(job):
    """The shortest of three times."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        job()
        times.append(time.process_time() - begun)
    return min(times)


def test_large_files_are_read_in_proportion(tmp_path):
    """To what json alone takes for them, whatever the machine."""
    path = coco(tmp_path / 'c.json', [['a dog on a bench in a park'] * 5]
                * 4000)
    dataset = build(path)
    assert len(dataset) == 4000 and dataset.data_list == []  # serialized
    ratio = (seconds_of(lambda: build(path))
             / seconds_of(lambda: json.loads(path.read_text())))
    assert ratio < 100, ratio  # seen: 27


def test_samples_of_mmpretrain(tmp_path):
    """One for each caption, through the same pipeline."""
    pytest.importorskip('mmpretrain')
    from mmpretrain.datasets import COCORetrieval
    (tmp_path / 'train2014').mkdir()
    (tmp_path / 'train2014/1.jpg').write_bytes(encoded())
    path = coco(tmp_path / 'c.json', [['a dog', ' two dogs ']],
                coco_url='http://images/train2014/1.jpg')
    from mmengine.dataset import Compose
    pipeline = Compose(PIPELINE).transforms
    dataset = COCORetrieval(str(path), data_prefix=str(tmp_path),
                            pipeline=pipeline)
    assert [dataset[i]['data_samples'].text for i in range(2)] == [
        'a dog', 'two dogs']

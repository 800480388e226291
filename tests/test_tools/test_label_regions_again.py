"""tools/label_regions.py goes on with its own files, and no others."""
from pathlib import Path

import pytest
from labelling import change_pair, files, killed, tool, write_online
from region_label_files import write_labels

from regionclip_mm.apis.label_files import LabelFiles
from regionclip_mm.apis.region_labelling import RegionLabeller
from regionclip_mm.io.region_label_reader import RegionLabels


@pytest.fixture
def online(tmp_path, monkeypatch):
    """The folder with `online.py`."""
    write_online(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
def main():
    return tool()


@pytest.mark.parametrize('source', ['GridProposals', 'RandomProposals'])
def test_parts_and_interruptions_change_nothing(source, main, online,
                                                monkeypatch):
    def label(*args):
        main(['online.py', *args, '--cfg-options',
              f'model.proposal_source.type={source}'])

    label('a.json')
    whole = files('a')
    with monkeypatch.context() as patch:
        patch.setattr(LabelFiles, 'merge', killed)
        with pytest.raises(SystemExit):
            label('b.json')
    Path('b.parts/000000003.json').unlink()  # half of a pair remains
    seen = []
    method = RegionLabeller.label
    monkeypatch.setattr(RegionLabeller, 'label', lambda self, batch: (
        seen.append(len(batch)), method(self, batch))[1])
    label('b.json')
    assert seen == [1, 1] and files('b') == whole
    for part in ('1/2', '0/2'):
        label('c.json', '--part', part)
        assert not Path('c.json').exists()
    seen.clear()
    label('c.json')
    label('c.json')  # nothing is left to do
    assert not seen and files('c') == whole


@pytest.mark.parametrize('options, message', [
    (['--top-k', '2'], r'top_k \(5 there, 2 here\)'),
    (['--cfg-options', 'model.proposal_source.min_side=20.'],
     r'model.proposal_source.min_side \(nothing there, 20.0 here\)'),
])
def test_changed_settings(main, online, options, message):
    main(['online.py', 'a.json', '--part', '0/2', '--top-k', '5'])
    with pytest.raises(SystemExit, match='a.parts/000000000.json is of another'
                       f' run, of which differ: {message}.* Give the same .* '
                       'or remove the folder a.parts to have'):
        main(['online.py', 'a.json', '--top-k', '5', *options])


@pytest.mark.parametrize('changes', [dict(img_id='other'),
                                     dict(img_path='6.png')])
def test_changed_images(main, online, monkeypatch, changes):
    """Of a part, and when all is done; the teacher is not run again."""
    main(['online.py', 'a.json', '--part', '0/3'])
    main(['online.py', 'b.json'])
    monkeypatch.setattr(RegionLabeller, 'label', killed)
    change_pair(1, **changes)
    message = (r'{0}.json is of another run, of which differ: img_id and '
               r"img_path of the images \('\w+... there, '\w+... here\)\. "
               'Give the same config, options and data to go on with it, or '
               'remove {1}')
    files = '{0}.json, {0}.npy and {0}.index.jsonl'
    for out, path, remove in (
            ('a', 'a.parts/000000000', r'the folder a.parts \(or, of this '
             rf'part alone, {files}\) to have'),
            ('b', 'b', f'{files} to have')):
        remove = remove.format(path)
        with pytest.raises(SystemExit, match=message.format(path, remove)):
            main(['online.py', f'{out}.json'])


def test_data_of_which_labels_do_not_depend(main, online):
    """Captions; and images of one part are nothing to another."""
    main(['online.py', 'a.json', '--part', '0/3'])
    change_pair(0, text='a bird', texts=['a bird'])
    change_pair(5, img_id='other')
    main(['online.py', 'a.json'])
    assert [image['id'] for image in RegionLabels('a.json').images] == [
        'id0', 'id1', 'id2', 'id3', 'other', 'id6']


@pytest.mark.parametrize('out, args, damage, message', [
    ('a', (), lambda path: path.unlink(),
     'there is no file {0}.npy, which belongs'),
    ('a', (), lambda path: path.with_suffix('.index.jsonl').unlink(),
     'there is no file {0}.index.jsonl'),
    ('a.parts/000000003', ('--part', '1/3'),
     lambda path: path.write_bytes(path.read_bytes()[:-9]),
     '{0}.npy is cut off or no file')])
def test_damaged_labels(main, online, out, args, damage, message):
    """It says what to remove, and with that the same command is enough."""
    main(['online.py', 'a.json', *args])
    damage(Path(f'{out}.npy'))
    with pytest.raises(SystemExit, match=f'{message.format(out)}.* remove '
                       '{0}.json, {0}.npy and {0}.index.jsonl, and run'.format(
                           out)):
        main(['online.py', 'a.json'])
    for ending in ('json', 'npy', 'index.jsonl'):
        Path(f'{out}.{ending}').unlink(missing_ok=True)
    main(['online.py', 'a.json'])
    assert len(RegionLabels('a.json').images) == 6


def test_settings_that_change_nothing(main, online):
    """The train pipeline, and where files are that have the same contents."""
    main(['online.py', 'a.json', '--part', '0/2'])
    for name in ('pool', 'teacher'):
        Path(f'{name}.pth').rename(f'{name}2.pth')
    vocabulary = 'roi_head.bbox_head.cls_predictor_cfg.vocabulary.path'
    main(['online.py', 'a.json', '--cfg-options',
          f'model.{vocabulary}=pool2.pth',
          f'model.teacher.{vocabulary}=pool2.pth',
          'model.teacher.init_cfg.checkpoint=teacher2.pth',
          'train_dataloader.dataset.pipeline.1.scale=(50,50)'])
    assert len(RegionLabels('a.json').images) == 6


def test_files_of_others(main, online):
    """They are not written over; of earlier versions there is no index."""
    Path('b.json').write_text('{"images": []}')
    with pytest.raises(SystemExit, match='no file b.index.jsonl, which belongs'
                       ' to b.json: .* earlier version'):
        main(['online.py', 'b.json'])
    Path('a.parts').mkdir()
    write_labels('a.parts/000000000.json')
    with pytest.raises(SystemExit, match='000000000.json is of another run, of'
                       ' which differ: .*nothing there'):
        main(['online.py', 'a.json'])

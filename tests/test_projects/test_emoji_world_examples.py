"""Objects of scenes are named by what examples of them look like."""
import importlib.util
import json
import sys

import pytest
from nano import ROOT

TOOL = ROOT / 'projects/emoji_world/tools/classify_by_examples.py'


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """The script, with a few scenes of its own."""
    monkeypatch.syspath_prepend(str(ROOT))
    spec = importlib.util.spec_from_file_location('by_examples', TOOL)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, 'by_examples', module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, 'DATA', tmp_path)
    return module


def write_scenes(folder, split, stream, count, first=0):
    """Scenes of a stream, annotated with the COCO names."""
    from projects.emoji_world.emoji_world.concepts import concepts, names
    from projects.emoji_world.emoji_world.plans import make_plan
    from projects.emoji_world.emoji_world.render import render
    known, images, annotations = list(names('base', 'novel')), [], []
    import cv2
    (folder / 'images').mkdir(exist_ok=True)
    (folder / 'annotations').mkdir(exist_ok=True)
    for number in range(first, first + count):
        plan = make_plan(stream, number)
        images.append(dict(id=number, file_name=f'{split}{number}.png'))
        cv2.imwrite(str(folder / 'images' / images[-1]['file_name']),
                    render(plan))
        for item in plan.objects:
            name = concepts()[item.concept].name
            if name in known:
                x1, y1, x2, y2 = map(float, item.box)
                annotations.append(dict(
                    id=len(annotations), image_id=number, area=1,
                    category_id=known.index(name),
                    bbox=[x1, y1, x2 - x1, y2 - y1]))
    (folder / f'annotations/{split}_coco.json').write_text(json.dumps(dict(
        images=images, annotations=annotations,
        categories=[dict(id=i, name=name) for i, name in enumerate(known)])))


def test_examples_name_objects(tool, tmp_path, capsys):
    """Far better than by chance, and words help."""
    write_scenes(tmp_path, 'rpn_train', 'demo', 24)
    write_scenes(tmp_path, 'eval', 'demo', 8, first=24)
    tool.main(['--counts', '2', '--seeds', '0'])
    rows = [line.split('|') for line in capsys.readouterr().out.splitlines()
            if line.startswith('| 2')]
    right = {row[2].strip(): float(row[3].split()[0]) for row in rows}
    assert len(right) == 4
    assert right['examples'] > 40
    assert right['examples and words of all'] > 55
    assert right['half examples, half words'] > (
        right['the same, not levelled'])
    tool.main(['--alone', '2', '--seeds', '0'])
    assert 'names, one at a time: ' in capsys.readouterr().out


def test_without_scenes(tool):
    with pytest.raises(SystemExit, match='there is no file of annotations '
                       r'\(make_scenes.py makes it\)'):
        tool.main([])

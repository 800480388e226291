"""tools/search_regions.py: what it finds, draws and refuses."""
from pathlib import Path

import numpy as np
import pytest
import torch
from features import tool, write_detector, write_images
from PIL import Image

from regionclip_mm.apis import RegionInferencer
from regionclip_mm.apis.region_search import RegionSearch
from regionclip_mm.apis.selection import distinct
from regionclip_mm.io.feature_folder import FeatureFolder
from regionclip_mm.io.files import load_plain_file


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    """A folder with images and their features; config and weights."""
    root = tmp_path_factory.mktemp('world')
    files = write_detector(root)
    write_images(root / 'images')
    tool('extract_region_features')(
        [*files, str(root / 'images'), '--out', str(root / 'features'),
         '--device', 'cpu', '--processes', '1'])
    return root, files


@pytest.fixture
def search(world, monkeypatch):
    root, files = world
    monkeypatch.chdir(root)

    def run(*args, folder='features', weights=files[1]):
        tool('search_regions')([folder, *args, '--config', files[0],
                                '--weights', weights, '--device', 'cpu'])
    return run


@pytest.fixture(scope='module')
def found_by(world):
    root, files = world
    detect = RegionInferencer(*files, device='cpu', show_progress=False)
    return RegionSearch(FeatureFolder(root / 'features'), detect)


def test_a_sentence(search, capsys):
    search('a cat on a mat', '--top', '3', '--out', 'found.png')
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if 'images/' in line]) == 3
    assert lines[-1] == 'drawn in found.png'
    picture = np.asarray(Image.open('found.png'))
    assert picture.shape == (242, 608, 3)
    red = (picture == (230, 30, 60)).all(-1)
    assert all(red[:, x:x + 200].sum() > 100 for x in (8, 208, 408))


def test_an_example_finds_itself(found_by, world):
    root, _ = world
    path, rows = str(root / 'images/2.png'), found_by.regions.rows
    box = rows['box'][rows['image'] == path][1].tolist()
    best = found_by.by_image(path, box, top=2)[0]
    assert best.image == path and best.similarity > 0.999
    assert best.box == pytest.approx(box)


def test_the_order_is_that_of_similarity(found_by, world):
    found = found_by.by_text('a dog', top=8)
    values = [one.similarity for one in found]
    assert values == sorted(values, reverse=True) and len(found) == 8
    features = FeatureFolder(world[0] / 'features').read(['feature'])
    query = found_by.detect.model.text_encoder.encode(['a dog'])
    wanted = torch.cosine_similarity(
        torch.from_numpy(features['feature']), query).max()
    assert values[0] == pytest.approx(wanted.item(), abs=1e-3)


def test_regions_within_better_ones_are_left_out(found_by):
    regions = found_by.regions
    query = torch.randn(128, generator=torch.Generator().manual_seed(0))
    every = regions.nearest(query, 10 ** 6, candidates=1)
    some = regions.nearest(query, 10 ** 6)
    assert len(every) == len(regions) > len(some) > 4
    assert some[0] == every[0]
    for image in {one.image for one in every}:
        there = [one for one in every if one.image == image]
        kept = distinct(torch.tensor([one.box for one in there]).double())
        assert [there[i] for i in kept] == [
            one for one in some if one.image == image]


@pytest.mark.parametrize('args, message', [
    ((' ', ), 'the query is empty: write what to look for'),
    (('cat ' * 90, ), 'the query has 92 tokens with start and end, the text '
     'tower reads 77'),
    (('--image', 'nano.py'), 'nano.py is not an image'),
    (('--image', 'no.png'), 'there is no example image no.png'),
    (('--image', 'images/0.png', '--box', '0', '0', '-9', '9'),
     'box 0, .* has no area'),
])
def test_bad_queries(search, args, message):
    with pytest.raises(SystemExit, match=message):
        search(*args)


def test_query_or_image(search, capsys):
    for args, message in (((), 'give either a query or --image'),
                          (('cat', '--box', *'1234'), '--box is of --image')):
        with pytest.raises(SystemExit):
            search(*args)
        assert message in capsys.readouterr().err


def test_other_folders_and_weights(search, world):
    with pytest.raises(SystemExit, match='images is no folder of region'):
        search('cat', folder='images')
    weights = load_plain_file(world[1][1])
    weights['state_dict']['roi_head.bbox_head.region_pool.c_proj.bias'] += 1
    torch.save(weights, 'other.pth')
    with pytest.raises(SystemExit, match='features are of other weights|are '
                       'of other weights than these'):
        search('cat', weights='other.pth')


def test_images_that_are_gone(search, capsys):
    path = Path('images/1.png').rename('moved.png')
    try:
        search('cat', '--top', '50', '--out', 'found.png')
    finally:
        path.rename('images/1.png')
    assert '1 images are not where they were, the first: ' in (
        capsys.readouterr().err)

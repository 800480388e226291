"""Bare tensors get their names, or the user learns why not."""
import json

import pytest
import torch

from regionclip_mm.checkpoint import CheckpointError, convert_embeddings
from regionclip_mm.checkpoint.embeddings import (names_from_json,
                                                 names_from_text)

NAMES = ['cat', 'traffic cone', 'café']


@pytest.fixture
def bare(tmp_path):
    torch.save(torch.randn(3, 8).half(), tmp_path / 'emb.pth')
    return tmp_path / 'emb.pth'


def test_names_and_rows_stay_together(bare):
    vocabulary = convert_embeddings(bare, NAMES)
    assert vocabulary.names == tuple(NAMES)
    assert torch.equal(vocabulary.embeddings, torch.load(bare).float())
    assert vocabulary.meta == dict(source='emb.pth')


@pytest.mark.parametrize('names, message', [
    (NAMES[:2], r'3 rows, but nouns.txt has 2 names \(cat, traffic cone'),
    (['cat', 'dog', 'cat'], 'more than once'),
])
def test_names_that_do_not_fit(bare, names, message):
    with pytest.raises(CheckpointError, match=message):
        convert_embeddings(bare, names, 'nouns.txt')


@pytest.mark.parametrize('content, found', [
    (dict(model=torch.ones(3, 8)), 'a dict'),
    (torch.ones(3), r'a tensor of shape \(3,\)'),
    (torch.full((3, 8), float('nan')), 'not finite'),
])
def test_files_of_another_kind(tmp_path, content, found):
    torch.save(content, tmp_path / 'emb.pth')
    with pytest.raises(CheckpointError, match=found):
        convert_embeddings(tmp_path / 'emb.pth', NAMES)


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig'])
def test_names_of_a_text_file(tmp_path, encoding):
    path = tmp_path / 'names.txt'
    path.write_text('cat\n\n traffic cone \ncafé\n', encoding=encoding)
    assert names_from_text(path) == NAMES
    with pytest.raises(CheckpointError, match='cannot be read'):
        names_from_text(tmp_path / 'none.txt')


def test_names_of_a_json_are_in_the_order_of_ids(tmp_path):
    path = tmp_path / 'lvis.json'
    rows = [dict(id=9, name='b', frequency='r'),
            dict(id=2, name='a', frequency='f'),
            dict(id=30, name='c', frequency='c')]
    path.write_text(json.dumps(dict(categories=rows)), encoding='utf-8-sig')
    assert names_from_json(path) == ['a', 'b', 'c']
    assert names_from_json(path, 'cf') == ['a', 'c']
    for row in rows:
        del row['frequency']
    path.write_text(json.dumps(dict(categories=rows)))
    assert names_from_json(path) == ['a', 'b', 'c']
    path.write_text(json.dumps(dict(images=[])))
    with pytest.raises(CheckpointError, match='no list of categories'):
        names_from_json(path)

"""Vocabulary: what it accepts, its files, selection by name."""
import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regionclip_mm.text import Vocabulary
from regionclip_mm.text.checks import content_hash


def vocabulary(*names: str) -> Vocabulary:
    rows = torch.arange(len(names) * 4.).view(len(names), 4)
    return Vocabulary(names, rows, dict(arch='nano'))


pytestmark = pytest.mark.filterwarnings('ignore:Detected pickle protocol')
NAMES = st.lists(st.text(min_size=1).filter(str.strip), min_size=1,
                 max_size=20, unique=True)


@settings(max_examples=50, deadline=None)
@given(names=NAMES, seed=st.integers(0, 99),
       dtype=st.sampled_from([torch.float32, torch.float16, torch.bfloat16]))
def test_files_keep_everything(tmp_path_factory, names, seed, dtype):
    torch.manual_seed(seed)
    path = tmp_path_factory.mktemp('vocabulary') / 'new folder' / 'v.pth'
    before = Vocabulary(names, torch.randn(len(names), 3).to(dtype),
                        dict(templates=['{}'], number=1))
    before.save(path)
    after = Vocabulary.load(path)
    assert after.names == before.names == tuple(names)
    assert torch.equal(after.embeddings, before.embeddings)
    assert after.meta == before.meta
    assert [p.name for p in path.parent.iterdir()] == ['v.pth']


@settings(max_examples=50, deadline=None)
@given(names=NAMES, data=st.data())
def test_selection_takes_the_row_of_each_name(names, data):
    whole = vocabulary(*names)
    chosen = data.draw(st.lists(st.sampled_from(names), min_size=1,
                                unique=True))
    part = whole.select(chosen)
    assert part.names == tuple(chosen) and part.meta == whole.meta
    for name, row in zip(part.names, part.embeddings):
        assert torch.equal(row, whole.embeddings[names.index(name)])


@pytest.mark.parametrize('held', ['stero', 'stereo'])
@pytest.mark.parametrize('asked', ['stero', 'stereo'])
def test_either_spelling_finds_the_row(held, asked):
    name = f'speaker_({asked}_equipment)'
    part = vocabulary('cat', f'speaker_({held}_equipment)').select([name])
    assert part.names == (name, )
    assert part.embeddings.tolist() == [[4, 5, 6, 7]]


def test_rows_of_both_spellings_stay_apart():
    names = 'speaker_(stero_equipment)', 'speaker_(stereo_equipment)'
    for order in (names, names[::-1]):
        whole = vocabulary(*order)
        assert torch.equal(whole.select(names[:1]).embeddings[0],
                           whole.embeddings[order.index(names[0])])
        assert torch.equal(whole.select(names[1:]).embeddings[0],
                           whole.embeddings[order.index(names[1])])


def test_a_saved_part_does_not_carry_the_rest(tmp_path):
    many = Vocabulary([str(i) for i in range(1000)], torch.ones(1000, 256))
    Vocabulary(('a', ), many.embeddings[:1]).save(tmp_path / 'a.pth')
    assert (tmp_path / 'a.pth').stat().st_size < 10_000


def test_size_and_text():
    cats = vocabulary('cat', 'dog')
    assert (len(cats), cats.embed_dim) == (2, 4)
    assert 'cat' in repr(cats) and 'tensor' not in repr(cats)


def test_unknown_names_come_with_the_nearest():
    with pytest.raises(ValueError, match=r"1 of 2 names .*'trafic light' "
                       r"\(nearest: 'traffic light'\)"):
        vocabulary('traffic light', 'dog').select(['dog', 'trafic light'])
    with pytest.raises(ValueError, match=r"20 of 20 .*'n9' \.\.\."):
        vocabulary('cat').select([f'n{i}' for i in range(20)])


@pytest.mark.parametrize('names, rows, message', [
    ([], torch.zeros(0, 4), 'vocabulary is empty'),
    ('cat', torch.zeros(3, 4), "must be a list, got the text 'cat'"),
    (['a', 'b', 'a'], torch.zeros(3, 4), "given more than once: 'a'"),
    (['a', ' '], torch.zeros(2, 4), "not blank, got ' '"),
    (['a', 3], torch.zeros(2, 4), 'must be texts'),
    (['a'], torch.zeros(2, 4), '1 names do not match 2 rows'),
    (['a'], torch.zeros(4), r'shape \(names, D\), got torch.float32 \(4,\)'),
    (['a'], torch.zeros(1, 4, dtype=torch.long), 'floating point'),
    (['a'], [[0.]], 'must be a tensor, got list'),
    (['a', 'b'], torch.tensor([[0.], [float('nan')]]), "not finite .* 'b'"),
    (['a', 'b'], torch.tensor([[float('inf')], [0.]]), "not finite .* 'a'"),
    (['a'], torch.zeros(1, 4, dtype=torch.complex64), 'got torch.complex64'),
    (['a'], torch.zeros(1, 4).to(torch.float8_e5m2), 'got torch.float8_e5m2'),
    (['a'], torch.zeros(1, 4).to_sparse(), r'layout .*call to_dense\(\)'),
    (['a'], torch.zeros(1, 4, device='meta'), "no values.* device 'meta'"),
    (['a', 'b'], torch.eye(2)[:, :1], "length that float32 can hold.*'b'"),
    (['a'], torch.ones(1, 2).double() * 1e200, 'small or large, for .a'),
    (['a'], torch.ones(1, 2).double() * 1e-60, 'small or large, for .a'),
    (['a'], torch.ones(1, 2) * 1e30, 'small or large, for .a'),
    (['a'], torch.zeros(1, 0), r'no columns: their shape is \(1, 0\)'),
    (['a', '\ud800'], torch.zeros(2, 1), r"lone surrogate.*'\\ud800'"),
    (['a', 'b' * 10_001], torch.zeros(2, 1), "at most 10000 char.*'bbbbb"),
    (None, torch.zeros(2, 1), 'must be a list of texts, got NoneType: None'),
    (3, torch.zeros(2, 1), 'must be a list of texts, got int: 3'),
    ({'a', 'b'}, torch.zeros(2, 1), 'must be a list of texts, got set'),
])
def test_bad_content(names, rows, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Vocabulary(names, rows)


@pytest.mark.parametrize('rows', [
    torch.ones(1, 1).expand(1, 6), torch.ones(1, 6).expand(3, 6),
    torch.arange(12.).view(6, 2).t(), torch.arange(24.).view(2, 12)[:, ::2],
    torch.nn.Parameter(torch.ones(1, 6)), torch.ones(1).expand(1, 1)])
def test_rows_of_any_strides(tmp_path, rows):
    """Saved by us, or as they are by somebody else."""
    names = tuple('abcdef'[:len(rows)])
    Vocabulary(names, rows).save(tmp_path / 'a.pth')
    torch.save(dict(names=list(names), embeddings=rows), tmp_path / 'b.pth')
    for path in tmp_path.iterdir():
        assert torch.equal(Vocabulary.load(path).embeddings, rows)


def test_texts_of_other_types_become_plain(tmp_path):
    names = np.array(['cat', 'dog'])
    Vocabulary(names, torch.ones(2, 3)).save(tmp_path / 'a.pth')
    assert Vocabulary.load(tmp_path / 'a.pth').names == ('cat', 'dog')


@pytest.mark.parametrize('meta, message', [
    (3, 'must be a dict, got int'), ([1], 'must be a dict, got list'),
    (dict(path=Path('a')), 'must be plain data .*PosixPath'),
    (dict(a={1, 2}), 'must be plain data .*set')])
def test_meta_that_a_file_could_not_hold(meta, message):
    with pytest.raises(TypeError, match=message):
        Vocabulary(('a', ), torch.ones(1, 2), meta)


def test_names_that_differ_in_case_or_spaces_are_allowed():
    names = ('cat', 'Cat', ' cat')
    assert vocabulary(*names).select([' cat']).embeddings[0, 0] == 8


@pytest.mark.parametrize('content, message', [
    (torch.zeros(2, 3), r'bare tensor of shape \(2, 3\).*Give it names'),
    (dict(state_dict={}), r"not a vocabulary.*holds \['state_dict'\]"),
    (dict(names=['a'], embeddings=torch.zeros(2, 1)), '1 names do not match'),
    (dict(names=3, embeddings=torch.zeros(2, 1)), 'v.pth: '),
    (dict(names=['a'], embeddings=torch.ones(1, 1), meta=[1]), 'v.pth: '),
    ([1, 2], 'holds list'),
    (dict(names=['a'], embeddings=[[0.]]), 'v.pth: .* tensor, got list'),
    (dict(names=None, embeddings=torch.zeros(1, 1)), 'v.pth: .*NoneType'),
    (dict(names=[1], embeddings=torch.zeros(1, 1)), 'v.pth: .*must be texts'),
    (dict(names=[['a']], embeddings=torch.zeros(1, 1)), 'v.pth: .*be texts'),
    (dict(names=['a'], embeddings=torch.zeros(1, 0)), 'v.pth: .*no columns'),
    (dict(names=['a'], embeddings=torch.zeros(1, 1).to_sparse()),
     'v.pth: .*to_dense'),
    (dict(names=['a'], embeddings=torch.ones(1, 1), meta=3), 'v.pth: '),
    (dict(names=['a'], embeddings=torch.ones(1, 1), sha256=3), 'is damaged'),
])
def test_files_of_something_else(tmp_path, content, message):
    torch.save(content, tmp_path / 'v.pth')
    with pytest.raises(ValueError, match=message):
        Vocabulary.load(tmp_path / 'v.pth')


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='There is no file .*v.pth'):
        Vocabulary.load(tmp_path / 'v.pth')


class Evil:
    """Runs code where it is unpickled."""

    def __init__(self, target: str) -> None:
        self.target = target

    def __reduce__(self):
        return exec, (f'open({self.target!r}, "w").close()', )


@pytest.mark.parametrize('write', [
    torch.save, lambda data, path: path.write_bytes(pickle.dumps(data))])
def test_code_in_a_file_is_not_run(tmp_path, write):
    target = tmp_path / 'it ran'
    path = tmp_path / 'v.pth'
    write(dict(names=['a'], embeddings=Evil(str(target))), path)
    with pytest.raises(ValueError, match='v.pth was not opened.*run code'):
        Vocabulary.load(path)
    assert not target.exists()


@pytest.fixture(scope='module')
def whole_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('whole') / 'v.pth'
    vocabulary('cat', 'dog', 'bird').save(path)
    return path


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_files_are_recognised(whole_file, data):
    content = bytearray(whole_file.read_bytes())
    length = data.draw(st.integers(0, len(content) - 1))
    path = whole_file.with_name('damaged.pth')
    path.write_bytes(content[:length])
    with pytest.raises(ValueError, match='damaged.pth'):
        Vocabulary.load(path)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=300), start=st.sampled_from(
    [b'', b'\x80\x02', b'PK\x03\x04', b'\x80\x02}q\x00', b'ustar']))
def test_files_of_noise_are_recognised(whole_file, content, start):
    path = whole_file.with_name('noise.pth')
    path.write_bytes(start + content)
    with pytest.raises(ValueError, match='noise.pth'):
        Vocabulary.load(path)


PLAIN = st.recursive(
    st.none() | st.integers() | st.floats() | st.text() | st.binary()
    | st.sampled_from([torch.ones(1, 2), torch.zeros(1, 2), torch.zeros(2),
                       torch.zeros(1, 0),
                       torch.zeros(1, 2).to_sparse(), torch.float32,
                       torch.zeros(1, 2, dtype=torch.int8), b'x' * 99]),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner)
    | st.dictionaries(st.sampled_from(['names', 'embeddings', 'meta', 1]),
                      inner, max_size=4), max_leaves=12)


@settings(max_examples=100, deadline=None)
@example(data=dict(names=None, embeddings=None, meta=torch.ones(1, 2)))
@example(data=dict(names=['cat'], embeddings=torch.ones(1, 2),
                   meta=torch.ones(1, 2)))
@example(data=dict(names=['cat'], embeddings=torch.ones(1, 2),
                   sha256=torch.ones(1, 2)))
@given(data=st.fixed_dictionaries(dict(names=PLAIN, embeddings=PLAIN),
                                  optional=dict(meta=PLAIN, sha256=PLAIN))
       | PLAIN)
def test_any_plain_content(whole_file, data):
    path = whole_file.with_name('plain.pth')
    torch.save(data, path)
    try:
        Vocabulary.load(path)
    except ValueError as error:
        assert 'plain.pth' in str(error)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16,
                                   torch.bfloat16])
def test_the_hash_is_that_of_files_that_were_written_before(dtype):
    rows = torch.randn(2, 3).to(dtype)
    raw = rows.contiguous().flatten().view(torch.uint8).numpy().tobytes()
    wanted = hashlib.sha256(b'["a", "b"]' + raw).hexdigest()
    assert content_hash(('a', 'b'), rows) == wanted
    assert content_hash(('a', 'b'), rows.t().contiguous().t()) == wanted
    assert content_hash(('a', 'b'), rows[:1].expand(2, 3)) == content_hash(
        ('a', 'b'), rows[[0, 0]])

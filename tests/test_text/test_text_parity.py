"""The text tower of the reference, with its weights in the released layout."""
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from regionclip_mm.text import (CLIP_TEMPLATES, CLIPTextEncoder,
                                encode_vocabulary, openai_text_state_dict)

PARITY = Path(__file__).parents[1] / 'data' / 'parity'


@pytest.fixture(scope='module')
def case():
    return json.loads((PARITY / 'g1_text_rn50.json').read_text())


@pytest.fixture(scope='module')
def golden():
    return np.load(PARITY / 'g1_text_rn50.npz')


@pytest.fixture(scope='module')
def encoder(case):
    make = runpy.run_path(str(PARITY / 'make_weights.py'))
    manifest = {
        key: entry for key, entry in make['load_manifest'](
            PARITY / 'manifest_pretrain_rn50.json').items()
        if key.startswith('lang_encoder.')}
    arrays = make['make_state_dict'](manifest, case['weight_seed'])
    assert make['digest'](arrays) == case['weights_sha256_of_lang_encoder']
    state = {key: torch.from_numpy(value) for key, value in arrays.items()}
    encoder = CLIPTextEncoder('rn50', overflow='cut_eot').eval()
    encoder.load_state_dict(openai_text_state_dict(state, 'lang_encoder.'))
    return encoder


def relative_l2(found: torch.Tensor, expected: np.ndarray) -> float:
    found = found.numpy()
    assert found.shape == expected.shape
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def test_text_embeddings(encoder, case, golden):
    embeddings = encoder.encode(case['prompts'])
    assert relative_l2(embeddings, golden['text_embedding']) < 1e-5
    for found, expected in zip(embeddings, golden['text_embedding']):
        assert relative_l2(found, expected) < 1e-5


def test_embeddings_of_all_tokens(encoder, case, golden):
    ids = encoder.tokenizer(case['prompts'][:4])
    hidden = encoder.model.text_model(ids).last_hidden_state
    tokens = encoder.model.text_projection(hidden)[:, 0::4, 0::8]
    assert relative_l2(tokens, golden['all_tokens_embedding']) < 1e-5


def test_over_long_texts_are_told_apart_by_default(encoder, case, golden):
    ids = golden['ids']
    long = ~(ids == 49407).any(axis=1)
    prompts = [p for p, is_long in zip(case['prompts'], long) if is_long]
    assert len(prompts) > 2
    cut = encoder.encode(prompts)  # Parity: the same for every one of them
    torch.testing.assert_close(cut, cut[:1].expand_as(cut))
    encoder.tokenizer.overflow = 'keep_eot'
    try:
        kept = encoder.encode(prompts)
    finally:
        encoder.tokenizer.overflow = 'cut_eot'
    different = {tuple(row) for row in np.unique(ids[long], axis=0)}
    assert len(torch.unique(kept.round(decimals=3), dim=0)) == len(different)


def test_concept_embeddings(encoder, case, golden):
    names = case['concept_names']
    prompts = [t.replace('{}', n) for n in names for t in CLIP_TEMPLATES]
    ids = encoder.tokenizer(prompts).view(len(names), 81, 77)
    np.testing.assert_array_equal(ids.numpy(), golden['concept_ids'])
    vocabulary = encode_vocabulary(names, encoder)
    assert relative_l2(vocabulary.embeddings,
                       golden['concept_embedding']) < 1e-5

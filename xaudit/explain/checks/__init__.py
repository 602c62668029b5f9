"""Tests of maps: faithfulness, randomized weights, erased lesions."""

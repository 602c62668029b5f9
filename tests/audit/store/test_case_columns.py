"""Cases by column are the cases row by row, on disk too."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.store import CaseRow, Shard, Store
from xaudit.core.case import CaseIssue
from xaudit.core.cut import Cut
from xaudit.errors import AuditError


def columns(cases=200):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=cases)
    logits[3], logits[4] = np.nan, np.inf
    return CaseColumns(
        [f"case {row}" for row in range(cases)],
        Cut.of([f"p{one}" for one in rng.integers(50, size=cases)]),
        rng.random(cases) < 0.5,
        logits,
        {"view": Cut.of(rng.choice(["ap", 'la"teral', "not recorded"], cases).tolist())},
        Cut.of(rng.choice(["1", "2"], cases).tolist()),
        {3: (CaseIssue("case 3", "no_prediction", "none", "unreadable"),)},
    )


def test_a_shard_of_columns_is_read_back_as_it_was(tmp_path):
    store, given = Store(tmp_path), columns()
    store.write(0, Shard(cases=given))
    found = store.read(0).cases
    assert isinstance(found, CaseColumns)
    assert list(found) == list(given)
    assert found[3].issues == given.noted[3]
    assert found[3].logit is None


def test_any_reader_of_parquet_sees_rows(tmp_path):
    store, given = Store(tmp_path), columns()
    store.write(0, Shard(cases=given))
    store.write(1, Shard(cases=list(given)))
    by_column, by_row = (pq.read_table(store.path(n) / "cases.parquet") for n in (0, 1))
    assert by_column.column_names == by_row.column_names
    for row, other in zip(by_column.to_pylist(), by_row.to_pylist(), strict=True):
        assert json.loads(row.pop("groups")) == json.loads(other.pop("groups"))
        assert row == other


def test_rows_become_columns_and_some_of_them_keep_their_order():
    given = columns()
    made = CaseColumns.of(list(given))
    assert [row.logit for row in made] == [row.logit for row in given]
    assert made.patients.names == given.patients.names
    some = given.at(["case 9", "case 3"])
    assert list(some) == [given[3], given[9]]
    assert CaseColumns.of([CaseRow("a", "p", True, {}, 0.5, 0, "none", False)])[0].groups == {}


def test_a_file_whose_cases_have_other_groups_is_refused(tmp_path):
    store, given = Store(tmp_path), columns(5)
    store.write(0, Shard(cases=given))
    path = store.path(0) / "cases.parquet"
    table = pq.read_table(path)
    more = ['{"view": "ap"}'] * 4 + ['{"age": "5", "view": "ap"}']
    place = table.column_names.index("groups")
    pq.write_table(table.set_column(place, "groups", [more]), path, write_page_checksum=True)
    with pytest.raises(AuditError, match="same columns of groups"):
        store.read(0)

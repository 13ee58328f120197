"""Every deployment that the template allows is judged as AWS would, and faults that have been made are found."""

import itertools
import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from template_checks import __main__ as command
from template_checks import judges
from template_checks.conditions import broken_rules, truths
from template_checks.matrix import EXAMPLES, Matrix, Pair, Row, pairs, pairwise
from template_checks.transform import ROOT, load
from tests.template.cloudformation import Template

FAULTS = Path(__file__).parent / "faults"
CONDITIONAL = "Api names ApiGatewayAccount, which does not exist"


def matrix(name: str) -> Matrix:
    return Matrix(load((FAULTS / name).read_text()), {})


def linted(one: Matrix, environment: str, folder: Path) -> list[str]:
    """What that environment's linters say, of templates and policies alike."""
    judges._write(one, folder)
    said, _ = judges.start(environment, folder).communicate()
    return [finding for findings in json.loads(said).values() for finding in findings]


@pytest.fixture(scope="module")
def desk() -> Matrix:
    return Matrix(Template().document)


# --- which combinations there are -------------------------------------------------------------------------------------


def pairs_of(rows: Iterable[Row]) -> set[Pair]:
    return {pair for row in rows for pair in pairs(row)}


def test_the_linters_see_every_pair_of_values_that_can_be_deployed(desk: Matrix) -> None:
    names = desk.combinations.names
    seen = pairs_of(tuple(one[name] for name in names) for one in desk.pairwise)

    columns = list(zip(*desk.combinations.rows, strict=True))
    for one, other in itertools.combinations(range(len(names)), 2):
        for value, another in set(zip(columns[one], columns[other], strict=True)):
            assert (one, value, other, another) in seen, (names[one], value, names[other], another)
    named = {"Stage", "SignIn", "GradualDeployment", "SnapStart", "ManageApiGatewayAccount", "DomainName", "MutualTls"}
    assert named | {"WebAcl", "PublicUrl"} <= set(names)


def test_every_combination_is_one_that_the_rules_accept_and_no_value_of_a_condition_is_left_out(
    desk: Matrix, template: Template
) -> None:
    document = template.document
    assert not [one for one in desk.pairwise if broken_rules(document, one)]
    reached = [truths(document, one) for one in desk.pairwise]
    assert all({truth[name] for truth in reached} == {True, False} for name in document["Conditions"])


def test_rows_of_pairs_are_few_and_only_rows_that_there_are() -> None:
    rows = [row for row in itertools.product("12", repeat=4) if row[:2] != ("2", "2")]

    chosen = pairwise(rows)

    assert set(chosen) <= set(rows)
    assert len(chosen) < len(rows)
    assert pairs_of(chosen) == pairs_of(rows)


def test_examples_are_what_the_parameters_allow(template: Template) -> None:
    for name, value in EXAMPLES.items():
        parameter = template.parameters[name]
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value), name
        assert value in map(str, parameter.get("AllowedValues", [value])), name


# --- the desk, and the three faults that it had -----------------------------------------------------------------------


def test_cloudformation_accepts_the_desk_in_every_combination(desk: Matrix) -> None:
    assert len(desk.combinations.rows) > 40_000
    # Neither what exists nor what is named depends on these: the linters see them with every value of the others.
    assert {"ServiceOpen", "SnapStart"} <= desk.combinations.aside
    assert desk.refused() == {}


def test_a_dependency_on_what_a_condition_leaves_out_is_refused_by_the_graph_and_by_the_second_linter_alone(
    tmp_path: Path,
) -> None:
    one = matrix("conditional-dependency.yaml")

    assert list(one.refused()) == [CONDITIONAL]
    assert any(
        finding.startswith("E3005") and "ApiGatewayAccount" in finding for finding in linted(one, "template", tmp_path)
    )


def test_a_circle_through_an_aliass_update_policy_is_refused_in_the_combination_that_has_it() -> None:
    document = load((FAULTS / "circle.yaml").read_text())
    # What SAM goes by is no condition: one is added, so that both values are tried.
    document["Conditions"] = {"Gradually": {"Fn::Equals": [{"Ref": "GradualDeployment"}, "at-once"]}}

    ((fault, (refused,)),) = Matrix(document, {}).refused().items()

    assert refused["GradualDeployment"] == "Canary10Percent15Minutes"
    assert fault.startswith("a circle: ")


def test_an_accounts_role_that_no_api_precedes_is_refused_and_a_stage_that_does_not_wait_for_it() -> None:
    refused = matrix("account.yaml").refused()

    assert {fault: sorted(one["AccessLog"] for one in where) for fault, where in refused.items()} == {
        "ApiGatewayAccount waits for no other resource of API Gateway": ["false", "true"],
        "ApiliveStage writes an access log and does not wait for ApiGatewayAccount": ["true"],
    }


def test_an_action_that_there_is_not_and_one_on_the_wrong_resource_are_found(tmp_path: Path) -> None:
    found = " ".join(linted(matrix("policy.yaml"), "template", tmp_path))
    assert "UNKNOWN_ACTION" in found
    assert "RESOURCE_MISMATCH" in found


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Matrix]:
    """Whatever is judged is found right; how often is what matters."""
    calls: list[Matrix] = []

    def judge(one: Matrix) -> list[str]:
        calls.append(one)
        return []

    monkeypatch.setattr(command, "judge", judge)
    monkeypatch.delenv("CI", raising=False)
    return calls


def test_what_has_passed_is_checked_again_only_if_it_has_changed(judged: list[Matrix], tmp_path: Path) -> None:
    path, record = tmp_path / "template.yaml", tmp_path / "build" / "record.json"
    path.write_text((FAULTS / "policy.yaml").read_text())

    assert [command.main([str(path)], record) for _ in range(2)] == [0, 0]
    assert len(judged) == 1
    path.write_text(path.read_text() + "# changed")
    assert command.main([str(path)], record) == 0
    assert len(judged) == 2


def test_in_ci_it_is_always_checked(judged: list[Matrix], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    record = tmp_path / "record.json"

    assert [command.main([str(FAULTS / "policy.yaml")], record) for _ in range(2)] == [0, 0]

    assert len(judged) == 2
    assert "export CI=true" in (ROOT / ".ci" / "run").read_text()


def test_a_fault_is_told_with_a_combination_that_has_it_and_is_not_recorded_as_passed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "LINTERS", {})
    record = tmp_path / "record.json"

    assert command.main([str(FAULTS / "conditional-dependency.yaml")], record) == 1

    told = f"{CONDITIONAL} (1 of 2 combinations, such as ManageApiGatewayAccount=false)\n"
    assert capsys.readouterr().err == told
    assert not record.exists()

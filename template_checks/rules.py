"""What CloudFormation accepts and AWS refuses while it carries it out: rules of ours that no linter has."""

from template_checks.graph import Graph, Truth

_ACCOUNT = "AWS::ApiGateway::Account"
_STAGE = "AWS::ApiGateway::Stage"


def faults_of_order(graph: Graph, truth: Truth) -> list[str]:
    """Return what would be made in an order that API Gateway refuses.

    An account that has never had an API Gateway resource refuses its role ("you must add a dependency on another API
    Gateway resource", AWS::ApiGateway::Account), and a stage with an access log is refused before the account has one.
    """
    kinds = {name: graph.kind(name) for name in graph.existing(truth)}
    accounts = [name for name, kind in kinds.items() if kind == _ACCOUNT]
    found = []
    for account in accounts:
        before = {kinds[name] for name in graph.waits_for(account, truth)}
        if not any(kind.startswith("AWS::ApiGateway::") for kind in before):
            found.append(f"{account} waits for no other resource of API Gateway")
    for stage in (name for name, kind in kinds.items() if kind == _STAGE):
        if graph.has(stage, "AccessLogSetting", truth):
            absent = set(accounts) - graph.waits_for(stage, truth)
            found += [f"{stage} writes an access log and does not wait for {account}" for account in sorted(absent)]
    return found

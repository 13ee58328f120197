"""The policies of a deployment's roles, with made-up ARNs for what they name, as parliament wants them."""

import re
from typing import Any

from template_checks.transform import REGION, Document

_ACCOUNT = "123456789012"
_ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/12345678-1234-1234-1234-123456789012",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{lower}",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
}
_PSEUDO = {
    "AWS::AccountId": _ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "helpdesk-dev",
    "AWS::URLSuffix": "amazonaws.com",
}


def policies(document: Document) -> dict[str, Document]:
    """Return the policies of the roles of a template without conditions, by role and policy name."""
    return {
        f"{name}.{policy['PolicyName']}": _rendered(policy["PolicyDocument"], document)
        for name, role in document["Resources"].items()
        if role["Type"] == "AWS::IAM::Role"
        for policy in role["Properties"].get("Policies", [])
    }


def _rendered(value: Any, document: Document) -> Any:
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return _value(name, document)
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: _value(found[1].partition(".")[0], document), text)
        case dict():
            return {key: _rendered(inner, document) for key, inner in value.items()}
        case list():
            return [_rendered(inner, document) for inner in value]
        case _:
            return value


def _value(name: str, document: Document) -> str:
    if name in _PSEUDO:
        return _PSEUDO[name]
    if name in document["Parameters"]:
        return str(document["Parameters"][name]["Default"])
    pattern = _ARNS[document["Resources"][name]["Type"]]
    return pattern.format(region=REGION, account=_ACCOUNT, name=name, lower=name.lower())

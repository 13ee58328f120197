"""Nothing but boto3 and the clients of those services that the environment names."""

import os

import boto3
from botocore.config import Config

CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})
clients = [boto3.client(service, config=CONFIG) for service in os.environ["SERVICES"].split()]

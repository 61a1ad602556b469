"""Connects an app authorization as people write it with boto3: its defaults, and its own idea of trying again.

Prints the status, or the name of the error.
"""

import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

url, bundle, authorization, code = sys.argv[1:]
appfabric = boto3.client("appfabric", region_name="us-east-1", endpoint_url=url)
try:
    answer = appfabric.connect_app_authorization(
        appBundleIdentifier=bundle,
        appAuthorizationIdentifier=authorization,
        authRequest={"redirectUri": "https://connect.example.com/callback", "code": code},
    )
    print(answer["appAuthorizationSummary"]["status"])
except ClientError as error:
    print(error.response["Error"]["Code"])
except (BotoCoreError, KeyError) as error:  # To boto3 an answer that is no JSON is an empty one.
    print(type(error).__name__)

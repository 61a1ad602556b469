"""Plugins that let LocalStack run our stack without Docker and without Java, and give it AppConfig. `run.py` registers them.

LocalStack runs functions in Docker. Here `Process` runs the program from the deployed zip, with the variables of the
deployed function, under AWS's Runtime Interface Emulator. The end of the file corrects where LocalStack
differs from CloudFormation.
"""

import json
import os
import subprocess
import urllib.request
from itertools import count

from localstack.aws.api.dynamodb import DynamodbApi
from localstack.services.apigateway.resource_providers.aws_apigateway_stage import ApiGatewayStageProvider
from localstack.services.cloudformation.engine.v2.change_set_model import is_nothing
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import ChangeSetModelPreproc
from localstack.services.cloudformation.resource_provider import (
    CloudFormationResourceProviderPlugin,
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
)
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor
from localstack.services.lambda_.resource_providers.lambda_alias import LambdaAliasProvider
from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service, aws_provider
from localstack.utils.net import get_free_tcp_port, wait_for_port_open

LOOPBACK = "127.0.0.1"


class Process(RuntimeExecutor):
    """One instance of a version of the function. LocalStack stops it after it has been idle for a while."""

    @classmethod
    def prepare_version(cls, function_version):
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        function_version.config.code.destroy_cached()

    def __init__(self, *args):
        super().__init__(*args)
        self.port = get_free_tcp_port()

    def start(self, env_vars):
        # AWS_ENDPOINT_URL is among LocalStack's variables, so the function finds DynamoDB in LocalStack.
        variables = {name: str(value) for name, value in env_vars.items()}
        variables["AWS_ENDPOINT_URL_APPFABRIC"] = os.environ["APPFABRIC"]
        addresses = ["--runtime-interface-emulator-address", f"{LOOPBACK}:{self.port}"]
        addresses += ["--runtime-api-address", f"{LOOPBACK}:{get_free_tcp_port()}"]
        code = self.function_version.config.code.get_unzipped_code_location()
        with open(os.environ["FUNCTION_LOG"], "a") as log:
            command = [os.environ["RIE"], *addresses, str(code / "bootstrap")]
            self.process = subprocess.Popen(command, cwd=code, env=variables, stdout=log, stderr=log)
        wait_for_port_open(f"http://{LOOPBACK}:{self.port}", retries=100, sleep_time=0.05)

    def stop(self):
        # This ends the function, too.
        self.process.terminate()
        self.process.wait()

    def invoke(self, payload):
        event = json.loads(payload["payload"])
        # LocalStack's API does not check signatures and does not say who signed. So every signer is this user.
        if event["headers"].get("Authorization", "").startswith("AWS4-HMAC-SHA256"):
            event["requestContext"]["identity"]["userArn"] = os.environ["SIGNER"]
        url = f"http://{LOOPBACK}:{self.port}/2015-03-31/functions/function/invocations"
        with urllib.request.urlopen(url, json.dumps(event).encode()) as answer:
            body = answer.read()
        return InvocationResult(payload["invoke-id"], body, is_error="errorType" in json.loads(body), logs="")

    def get_address(self):
        return LOOPBACK

    def get_endpoint_from_executor(self):
        return LOOPBACK

    def get_runtime_endpoint(self):
        return f"http://{LOOPBACK}:{self.port}"

    def get_logs(self):
        return ""


class ProcessPlugin(RuntimeExecutorPlugin):
    name = "process"

    def load(self):
        return Process


class DynamoDb(DynamodbApi):
    """Has no operations of its own, so moto answers all of them. LocalStack's own provider would download a Java program."""


@aws_provider(api="dynamodb", name="moto")
def dynamodb():
    return Service.for_provider(DynamoDb(), dispatch_table_factory=MotoFallbackDispatcher)


def success(model):
    return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)


def appconfig(kind, identifier, another_if=None):
    """A type of AppConfig, which LocalStack does not have. All that our template reads of one is its number."""
    numbers = count(1)

    class Numbered(ResourceProvider):
        SCHEMA = {"primaryIdentifier": [f"/properties/{identifier}"]}

        def create(self, request):
            return success(request.desired_state | {identifier: str(next(numbers))})

        def update(self, request):
            if request.previous_state.get(another_if) != request.desired_state.get(another_if):
                return self.create(request)
            return success(request.previous_state | request.desired_state)

        def delete(self, request):
            return success({})

    class Plugin(CloudFormationResourceProviderPlugin):
        name = f"AWS::AppConfig::{kind}"
        factory = Numbered

    return Plugin


Application = appconfig("Application", "ApplicationId")
Profile = appconfig("ConfigurationProfile", "ConfigurationProfileId")
# CloudFormation never updates one. It makes a new one, with the next number.
Settings = appconfig("HostedConfigurationVersion", "VersionNumber", another_if="Content")


def move_alias(_, request):
    alias = request.previous_state | request.desired_state
    names = {name: alias[name] for name in ("FunctionName", "Name", "FunctionVersion")}
    request.aws_client_factory.lambda_.update_alias(**names)
    return success(alias)


def move_stage(_, request):
    stage = request.previous_state | request.desired_state
    change = {"op": "replace", "path": "/deploymentId", "value": stage["DeploymentId"]}
    names = {"restApiId": stage["RestApiId"], "stageName": stage["StageName"]}
    request.aws_client_factory.apigateway.update_stage(**names, patchOperations=[change])
    return success(stage)


# LocalStack does not update these two, or makes them again. CloudFormation lets the alias name the new version, and the stage the
# new deployment.
LambdaAliasProvider.SCHEMA["createOnlyProperties"] = []
LambdaAliasProvider.update = move_alias
ApiGatewayStageProvider.update = move_stage


def visit_parameter(self, parameter, visit=ChangeSetModelPreproc.visit_node_parameter):
    delta = visit(self, parameter)
    if is_nothing(delta.after):
        delta.after = ""
    return delta


# LocalStack treats an empty parameter as missing. In CloudFormation it is the empty string.
ChangeSetModelPreproc.visit_node_parameter = visit_parameter

"""Several parts die within the same moment: what a device did meanwhile is known in the end."""

import asyncio
import contextlib

import herald
from test_cluster_crash import start_again


async def acks_whatever_comes(device):
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            await device.notification(seconds=10 * herald.WAIT_SECONDS)


async def test_an_ack_is_recorded_after_broker_database_and_manager_died(own_cluster, name):
    cluster = own_cluster(front_ends=1, broker="artemis").start()
    loop = asyncio.get_running_loop()
    async with herald.Device(cluster) as device:
        url = await device.register_wa(name)
        herald.notify(url, "acked at the wrong moment", id="n")
        got = await device.notification(ack=False)
        cluster["manager1"].kill()
        await device.ack(got["messageId"])
        cluster.broker.kill()
        cluster.database.kill()
        acking = asyncio.create_task(acks_whatever_comes(device))
        await loop.run_in_executor(None, cluster.in_parallel, [cluster.database.start, cluster.broker.start])
        await loop.run_in_executor(None, start_again, cluster["manager1"])
        await loop.run_in_executor(None, lambda: herald.eventually(
            lambda: state_of(url) == "acked", "the ack is recorded", 4 * herald.WAIT_SECONDS))
        acking.cancel()
        await acking


def state_of(url):
    """Of the only delivery; nothing while the store is away."""
    answer = herald.receipt(url, "n")
    return answer.status == 200 and answer.json["deliveries"] and answer.json["deliveries"][0]["state"]

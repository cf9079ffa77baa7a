// A whole life of a SparkPost IP pool, through the npm client sparkpost.
// BASE_URL is where SparkPost is, API_KEY a key whose account is as new.

import assert from "node:assert/strict";
import { STATUS_CODES } from "node:http";
import SparkPost from "sparkpost";

const { BASE_URL, API_KEY } = process.env;

const connect = (key, options) => new SparkPost(key, { origin: BASE_URL, ...options });
const client = connect(API_KEY);
const phrases = [];

async function refused(promise, status, ...errors) {
  const error = await promise.then(
    (answer) => assert.fail(`not refused: ${JSON.stringify(answer)}`),
    (error) => error,
  );
  assert.equal(error.name, "SparkPostError", error.stack);
  assert.equal(error.statusCode, status);
  assert.deepEqual(error.errors, errors);
  phrases.push([error.message, STATUS_CODES[status]]);
}

const get = async (uri) => (await client.get({ uri })).results;
const update = async (uri, json) => (await client.put({ uri, json })).results;
const ids = async () => (await get("ip-pools")).map((pool) => pool.id);

// A whole life

const created = await client.post({
  uri: "ip-pools",
  json: { name: "Big News", fbl_signing_domain: "example.com" },
});
assert.deepEqual(created, { results: { id: "big_news" } });
assert.deepEqual(await ids(), ["marketing", "transactional", "default", "cool_kids", "too_cool_for_pool", "big_news"]);
assert.deepEqual(await update("sending-ips/203.0.113.141", { ip_pool: "big_news" }), { message: "Updated IP Pool." });
const pool = {
  id: "big_news",
  name: "Big News",
  fbl_signing_domain: "example.com",
  ips: [{ external_ip: "203.0.113.141", hostname: "mta478a.sparkpostmail.com" }],
};
assert.deepEqual(await get("ip-pools/big_news"), pool);
assert.deepEqual(await update("ip-pools/big_news", { name: "Small News" }), {
  name: "Small News",
  fbl_signing_domain: "example.com",
  id: "big_news",
});
assert.deepEqual(await get("ip-pools/big_news"), { ...pool, name: "Small News" });
const moved = {
  external_ip: "203.0.113.141",
  hostname: "mta478a.sparkpostmail.com",
  ip_pool: "big_news",
  customer_provided: false,
};
assert.deepEqual(await get("sending-ips/203.0.113.141"), moved);
assert.equal(await client.delete({ uri: "ip-pools/big_news" }), "");
assert.deepEqual(await ids(), ["marketing", "transactional", "default", "cool_kids", "too_cool_for_pool"]);
const ips = await get("sending-ips");
assert.equal(ips.length, 6);
assert.deepEqual(ips[3], { ...moved, ip_pool: "default" });

// Errors about pools

const json = { name: "Any" };
await refused(client.get({ uri: "ip-pools/big_news" }), 404, { message: "IP pool not found." });
await refused(client.put({ uri: "ip-pools/not_a_real_pool", json }), 404, {
  message: "IP Pool not_a_real_pool does not exist.",
});
// The client reads the errors of a deletion only if a header says that the answer is JSON.
await refused(client.delete({ uri: "ip-pools/receipts", json: true }), 404, {
  message: "IP Pool receipts does not exist.",
});
await refused(client.put({ uri: "ip-pools/default", json }), 400, {
  message: "IP Pool default is reserved and cannot be updated.",
});
await refused(client.delete({ uri: "ip-pools/default", json: true }), 400, {
  message: "IP Pool default is reserved.",
});
await refused(client.post({ uri: "ip-pools", json: { name: "DEFAULT" } }), 400, {
  message: "IP Pool default is reserved.",
});
await refused(client.post({ uri: "ip-pools", json: {} }), 400, {
  message: "`name` is a required field",
  param: "name",
  value: null,
});

// Errors about sending IPs

await refused(client.get({ uri: "sending-ips/54.244.54" }), 400, {
  message: "external ip must be a valid IPv4 address",
});
await refused(client.get({ uri: "sending-ips/123.45.67.88" }), 404, { message: "Sending IP does not exist" });
await refused(client.put({ uri: "sending-ips/123.45.67.88", json: { ip_pool: "default" } }), 404, {
  message: "Sending IP does not exist",
});
await refused(client.put({ uri: "sending-ips/54.244.54.135", json: { ip_pool: "glibglob" } }), 400, {
  message: "IP Pool glibglob does not exist.",
});
await refused(client.put({ uri: "sending-ips/54.244.54.135", json: {} }), 400, {
  message: "`ip_pool` is a required field",
  param: "ip_pool",
  value: null,
});
assert.equal((await get("sending-ips/54.244.54.135")).ip_pool, "marketing");

// Keys, and what is not about one operation

await refused(connect("unknown").get({ uri: "ip-pools" }), 401, { message: "Unauthorized." });
const viewer = connect("10cc8f00d1b2c3d4e5f60718293a4b5c6d7e8f90");
await refused(viewer.post({ uri: "ip-pools", json }), 403, { message: "Forbidden." });
await refused(client.get({ uri: "ip-puddles" }), 404, { message: "Resource could not be found" });
await refused(client.get({ uri: "sending-domains" }), 501, {
  message: "mockserver does not implement GET /api/v1/sending-domains",
});
const withSubaccount = connect(API_KEY, { headers: { "X-MSYS-SUBACCOUNT": 123 } });
assert.equal((await withSubaccount.get({ uri: "ip-pools" })).results.length, 5);

// Subaccounts, with every method that the client has for them

const key = { key_label: "First", key_grants: ["smtp/inject", "transmissions/modify"], key_valid_ips: ["192.0.2.0/24"] };
const made = (await client.subaccounts.create({ name: "News", ip_pool: "transactional", ...key })).results;
assert.match(made.key, /^[0-9a-f]{40}$/);
assert.deepEqual(made, { subaccount_id: 457, key: made.key, label: "First", short_key: made.key.slice(0, 4) });
const subaccount = {
  id: 457,
  name: "News",
  status: "active",
  compliance_status: "active",
  ip_pool: "transactional",
  options: { deliverability: false },
};
assert.deepEqual((await client.subaccounts.get("457")).results, subaccount);
assert.deepEqual(await client.subaccounts.update("457", { status: "terminated" }), {
  results: { message: "Successfully updated subaccount information" },
});
const listed = (await client.subaccounts.list()).results;
assert.equal(listed.length, 3);
assert.deepEqual(listed[2], { ...subaccount, status: "terminated" });
assert.deepEqual(await client.get({ uri: "subaccounts/summary" }), { results: { total: 3 } });
const pages = [await client.get({ uri: "subaccounts", qs: { per_page: 2, sort_by: "id", order: "asc" } })];
pages.push(await client.get({ uri: pages[0].links.next }));
assert.deepEqual(pages.map((page) => page.results.map(({ id }) => id)), [[123, 456], [457]]);
assert.deepEqual(pages[1].links, {});
await refused(
  client.subaccounts.create({ ...key, key_valid_ips: "192.0.2.1" }),
  400,
  { message: "`name` is a required field", param: "name", value: null },
  { message: "`key_valid_ips` must be an Array", param: "key_valid_ips", value: "192.0.2.1" },
);
await refused(client.subaccounts.update("457", { ip_pool: "longer_than_any_pool_id" }), 400, {
  message: "ip_pool must be 20 characters or less",
  param: "ip_pool",
  value: "longer_than_any_pool_id",
});
await refused(client.subaccounts.get("7"), 404, { message: "Resource could not be found" });
const theirs = connect("7d1a3e5c9b2f4068a7c6e5d4f3b2a1908f7e6d5c");
await refused(theirs.subaccounts.list(), 403, { message: "Forbidden." });

// Buying

assert.deepEqual(
  await client.post({ uri: "account/add-ons/dedicated_ips", json: { ip_pool: "transactional", quantity: 2 } }),
  { results: { message: "IP(s) added" } },
);
assert.equal((await get("ip-pools/transactional")).ips.length, 3);
await refused(client.post({ uri: "account/add-ons/dedicated_ips", json: { ip_pool: "nowhere", quantity: 1 } }), 400, {
  message: "IP Pool nowhere does not exist.",
});

// Sending

const message = {
  options: { ip_pool: "marketing" },
  recipients: [{ address: "Wilma <wilma@example.com>" }],
  cc: [{ address: "fred@example.com" }],
  content: { from: "shop@example.com", subject: "Your receipt", text: "Thank you." },
};
const sent = (await client.transmissions.send(message)).results;
assert.deepEqual(sent, { total_rejected_recipients: 0, total_accepted_recipients: 2, id: sent.id });
assert.match(sent.id, /^[0-9]{17}$/);
await refused(client.transmissions.send({ ...message, options: { ip_pool: "nope" } }), 422, {
  message: "invalid data format/type",
  description: "IP Pool 'nope' does not exist",
  code: "1300",
});
const invalid = { ...message, recipients: [{ address: "a" }, { address: "b" }, { address: "wilma@example.com" }] };
const some = await client.transmissions.send(invalid, { num_rcpt_errors: 1 });
assert.equal(some.results.total_rejected_recipients, 2);
assert.deepEqual(some.results.rcpt_to_errors, [
  { message: "invalid data format/type", description: "invalid recipient address.email: a", code: "1300" },
]);
const bound = connect(API_KEY, { headers: { "X-MSYS-SUBACCOUNT": 123 } });
await refused(bound.transmissions.send({ ...message, options: { ip_pool: "default" } }), 422, {
  message: "invalid data format/type",
  description: "IP Pool 'default' does not exist",
  code: "1300",
});
assert.equal((await bound.transmissions.send({ ...message, options: {} })).results.total_accepted_recipients, 2);

// The message of the client's errors is the status line's phrase, which must be the standard one.

for (const [phrase, standard] of phrases) assert.equal(phrase, standard);

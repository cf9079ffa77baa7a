// What mailgun.js shows of a tenant with the profile `live`: its README and types of August 2026.
// BASE_URL is where Mailgun is, API_KEY a key whose account is as new.

import assert from "node:assert/strict";
import FormData from "form-data";
import Mailgun from "mailgun.js";

const { BASE_URL, API_KEY } = process.env;
const TRANSACTIONAL = "658041ae44842b99ee2eaa1b";
const SUBACCOUNT = "65f0c1a2b3c4d5e6f7081920";

const client = new Mailgun(FormData).client({ username: "api", key: API_KEY, url: BASE_URL });
const { ip_pools: pools } = client;

const [first] = (await pools.list()).ip_pools;
assert.deepEqual(Object.keys(first.metadata.assignments), first.ips);
assert.match(first.metadata.assignments["192.0.2.20"].linked_at, /^[0-9-]{10}T[0-9:]{8}Z$/);

const { reference_id, ...revoked } = await pools.revokeDelegation(TRANSACTIONAL, SUBACCOUNT);
assert.match(reference_id, /^[0-9a-f]{24}$/);
assert.deepEqual(revoked, { status: 200, message: "started" });
assert.deepEqual(await pools.delegate(TRANSACTIONAL, SUBACCOUNT), { status: 200, message: "success" });

// The life of a Patient with fhir-kit-client. Usage: node life.js BASE; exits 0 when all held.
const assert = require('node:assert/strict');
const FhirKitClient = require('fhir-kit-client');

const Client = FhirKitClient.default || FhirKitClient;

async function main(baseUrl) {
  const client = new Client({ baseUrl });

  const capability = await client.capabilityStatement();
  assert.equal(capability.fhirVersion, '4.0.1');

  const body = { resourceType: 'Patient', name: [{ family: 'Halamankit' }], active: true };
  const created = await client.create({ resourceType: 'Patient', body });
  const read = await client.read({ resourceType: 'Patient', id: created.id });
  assert.deepEqual(read.name, body.name);

  const updated = await client.update({
    resourceType: 'Patient', id: created.id, body: { ...read, gender: 'female' },
  });
  assert.equal(updated.meta.versionId, '2');
  const first = await client.vread({ resourceType: 'Patient', id: created.id, version: '1' });
  assert.equal(first.gender, undefined);

  for (let i = 0; i < 4; i += 1) await client.create({ resourceType: 'Patient', body });
  const ids = new Set();
  let page = await client.search({
    resourceType: 'Patient', searchParams: { family: 'halamankit', _count: 2 },
  });
  while (page) {
    page.entry.forEach((entry) => ids.add(entry.resource.id));
    page = page.link.some((link) => link.relation === 'next')
      ? await client.nextPage({ bundle: page }) : null;
  }
  assert.equal(ids.size, 5);

  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ resource: body, request: { method: 'POST', url: 'Patient' } }],
  };
  const answer = await client.transaction({ body: bundle });
  assert.match(answer.entry[0].response.status, /^201/);

  await client.delete({ resourceType: 'Patient', id: created.id });
  await assert.rejects(client.read({ resourceType: 'Patient', id: created.id }), (error) => {
    assert.equal(error.response.status, 410);
    return true;
  });
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});

// node-postgres, told what to do line by line; see tests/gateway/drivers.rs.
const { Client } = require('pg')
const Cursor = require('pg-cursor')
const { from, to } = require('pg-copy-streams')
const { createHash } = require('node:crypto')
const { Readable } = require('node:stream')
const { pipeline } = require('node:stream/promises')
const { readFileSync } = require('node:fs')
const { createInterface } = require('node:readline')

const env = process.env
const sessions = {}
const sleeping = {}

async function open(name, way, password) {
  const ssl = { ca: readFileSync(env.DB_CA), servername: env.DB_HOST, rejectUnauthorized: true }
  const client = new Client({
    host: env.DB_ADDRESS,
    port: Number(env.DB_PORT),
    user: env.DB_USER,
    password,
    database: env.DB_NAME,
    application_name: 'node',
    enableChannelBinding: true,
    ssl: way === 'host' ? ssl : false,
  })
  client.on('error', () => {})
  await client.connect()
  sessions[name] = client
  return 'ok'
}

async function query(name) {
  let row
  for (let n = 0; n < 3; n++) {
    const text = "SELECT $1::int * 2 AS a, $2::text || 'e' AS b, $3::int[] AS c"
    row = (await sessions[name].query({ name: 'three', text, values: [21, 'grüß', [1, 2]] })).rows[0]
  }
  return `${row.a} ${row.b} ${row.c[1]}`
}

async function fail(name) {
  const client = sessions[name]
  const states = []
  await client.query('CREATE TEMP TABLE IF NOT EXISTS kept (n int)')
  await client.query('BEGIN')
  await client.query('INSERT INTO kept VALUES ($1)', [1])
  for (const statement of ['SELECT 1 / 0', 'SELECT 1']) {
    await client.query(statement).catch((error) => states.push(error.code))
  }
  await client.query('ROLLBACK')
  const { rows } = await client.query('SELECT count(*) AS n FROM kept')
  return `${states.join(' ')} ${rows[0].n}`
}

async function cursor(name) {
  const rows = sessions[name].query(new Cursor('SELECT generate_series(1, 1000) AS n'))
  let [count, sum, part] = [0, 0]
  while ((part = await rows.read(100)).length > 0) {
    count += part.length
    sum += part.reduce((all, row) => all + row.n, 0)
  }
  await rows.close()
  return `${count} ${sum}`
}

async function copy(name) {
  const client = sessions[name]
  const lines = Array.from({ length: 10_000 }, (_, n) => `${n}\tgrüße ${n}\n`)
  await client.query('CREATE TEMP TABLE IF NOT EXISTS lines (n text, line text)')
  await pipeline(Readable.from(lines), client.query(from('COPY lines FROM STDIN')))
  const back = []
  for await (const part of client.query(to('COPY lines TO STDOUT'))) back.push(part)
  const same = Buffer.concat(back).toString() === lines.join('')
  return `${lines.length} ${same ? 'same' : 'other'}`
}

async function transfer(name, mib) {
  const client = sessions[name]
  const [sent, back] = [createHash('sha256'), createHash('sha256')]
  const line = Buffer.from(Array.from({ length: 65_536 }, (_, n) => 32 + ((n * 7) % 59))).toString()
  await client.query('DROP TABLE IF EXISTS pg_temp.moved')
  await client.query('CREATE TEMP TABLE moved (n int, line text)')
  function* parts() {
    for (let n = 0; n < Number(mib) * 16; n++) {
      const part = Buffer.from(`${n}\t${line.slice(n % 97)}${line.slice(0, n % 97)}\n`)
      sent.update(part)
      yield part
    }
  }
  await pipeline(Readable.from(parts()), client.query(from('COPY moved FROM STDIN')))
  for await (const part of client.query(to('COPY moved TO STDOUT'))) back.update(part)
  return sent.digest('hex') === back.digest('hex') ? 'same' : 'other'
}

async function notify(name) {
  const client = sessions[name]
  const heard = new Promise((resolve) => client.once('notification', (message) => resolve(message.payload)))
  await client.query('LISTEN news')
  await client.query("NOTIFY news, 'grüße'")
  return heard
}

async function sleep(name) {
  const statement = sessions[name].query('SELECT pg_sleep(600) /* driver */')
  sleeping[name] = statement.then(() => 'slept', (error) => error.code)
  return 'ok'
}

// node-postgres has no call for it: the request of the protocol, with the key that the driver was given.
async function cancel(name) {
  const { processID, secretKey } = sessions[name]
  const request = Buffer.alloc(16)
  ;[16, 80877102, processID, secretKey].forEach((number, n) => request.writeInt32BE(number, 4 * n))
  const socket = require('node:net').connect(Number(env.DB_PORT), env.DB_ADDRESS)
  socket.resume().end(request)
  await new Promise((resolve) => socket.on('close', resolve))
  return sleeping[name]
}

const actions = { open, query, fail, cursor, copy, transfer, notify, sleep, cancel }
async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    const [action, ...values] = line.split(' ')
    const answer = await actions[action](...values).catch((error) => `${error.code ?? '?'} ${error.message}`)
    console.log(answer)
  }
  process.exit(0)
}
main()

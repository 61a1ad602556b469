// dynalite on a free port of loopback, whose URL is the first line that it prints. It keeps everything in memory.

import dynalite from 'dynalite'

const server = dynalite({ createTableMs: 0 })
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))

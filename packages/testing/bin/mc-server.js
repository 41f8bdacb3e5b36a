#!/usr/bin/env node
// A file that is there before the first build, so that installing can link it.
import '../dist/bin/mc-server.js'

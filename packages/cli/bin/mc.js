#!/usr/bin/env node
import '../dist/bin/mc.js'

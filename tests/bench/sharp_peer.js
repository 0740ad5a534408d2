// The peer of bench_thumbnail: sharp with one thread and no cache. For each line
// that it reads it makes a thumbnail of 256 px from the photograph that argv
// names, and says how many milliseconds of wall clock and processor it took.
'use strict';
const { createRequire } = require('module');
const sharp = createRequire(`${process.env.SHARP}/`)('sharp');
const photo = require('fs').readFileSync(process.argv[2]);
sharp.cache(false);
sharp.concurrency(1);

async function make() {
	const used = process.cpuUsage();
	const start = process.hrtime.bigint();
	await sharp(photo)
		.rotate()
		.resize(256, 256, { fit: 'inside', withoutEnlargement: true })
		.jpeg({ quality: 80 })
		.toBuffer();
	const wall = Number(process.hrtime.bigint() - start) / 1e6;
	const cpu = process.cpuUsage(used);
	return `${wall} ${(cpu.user + cpu.system) / 1e3}`;
}

async function main() {
	const lines = require('readline').createInterface({ input: process.stdin });
	console.log(`${sharp.versions.sharp} (libvips ${sharp.versions.vips})`);
	for await (const line of lines)
		if (line) console.log(await make());
}
main();

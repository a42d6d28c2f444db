/* SPDX-License-Identifier: GPL-2.0-only */
/* flamegraph.js - inside of each flame graph: draws the frames to the window's width, zooms and searches */
(function () {
	var svg = document.documentElement;
	var frames = [].slice.call(svg.querySelectorAll('g[data-w]')).map(function (g) {
		return {
			g: g,
			x: +g.dataset.x,
			width: +g.dataset.w,
			depth: +g.dataset.d,
			rect: g.querySelector('rect'),
			text: g.querySelector('text'),
			title: g.querySelector('title').textContent
		};
	});
	var root = frames[0], zoom = root, term = null;
	var width, height = +svg.getAttribute('height');

	function element(id) {
		return document.getElementById(id);
	}

	function place(id, fromRight) {
		element(id).setAttribute('x', width - fromRight);
	}

	/* What is above the frames stays in sight. */
	function stay() {
		element('head').setAttribute('transform', 'translate(0,' + window.scrollY + ')');
	}

	function nameOf(frame) {
		return frame.title.replace(/ \([0-9]+ samples, [0-9.]+ %\)$/, '');
	}

	function drawFrame(frame, scale) {
		var isAbove = frame.depth < zoom.depth && frame.x <= zoom.x &&
			frame.x + frame.width >= zoom.x + zoom.width;
		var x = isAbove ? 0 : (frame.x - zoom.x) * scale;
		var w = isAbove ? width : frame.width * scale;
		var isShown = isAbove || (frame.depth >= zoom.depth && x > -0.01 && x + w < width + 0.01 && w > 0.2);
		var letters = Math.floor((w - 6) / 7);

		frame.g.style.display = isShown ? '' : 'none';
		frame.g.classList.toggle('above', isAbove);
		if (!isShown)
			return;
		frame.rect.setAttribute('x', x);
		frame.rect.setAttribute('width', w);
		frame.text.setAttribute('x', x + 3);
		frame.text.textContent = letters < 3 ? '' : Array.from(nameOf(frame)).slice(0, letters).join('');
	}

	function draw() {
		var scale = width / zoom.width;

		frames.forEach(function (frame) {
			drawFrame(frame, scale);
		});
		element('reset').style.display = zoom === root ? 'none' : '';
	}

	function fit() {
		width = Math.max(600, svg.parentNode === document ? window.innerWidth - 16 : 1200);
		svg.setAttribute('width', width);
		svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
		place('reset', 240);
		place('search', 120);
		place('found', 160);
		draw();
		stay();
	}

	function compile(text) {
		try {
			return text ? new RegExp(text) : null;
		} catch (e) {
			return null;
		}
	}

	/* A sample counts once, however many of its frames match. */
	function sumOf(hits) {
		var sum = 0, end = -1;

		hits.sort(function (a, b) {
			return a.x - b.x || a.depth - b.depth;
		});
		hits.forEach(function (frame) {
			if (frame.x >= end) {
				sum += frame.width;
				end = frame.x + frame.width;
			}
		});
		return sum;
	}

	function search(text) {
		var expression = compile(text);
		var hits = frames.filter(function (frame) {
			var isHit = !!expression && expression.test(nameOf(frame));

			frame.g.classList.toggle('hit', isHit);
			return isHit;
		});

		term = text;
		element('found').textContent =
			expression ? 'matched: ' + (100 * sumOf(hits) / root.width).toFixed(2) + ' %' :
			text ? 'no regular expression' : '';
	}

	function ask() {
		var text = prompt('Search for (regular expression):', term || '');

		if (text !== null)
			search(text);
	}

	function reset() {
		zoom = root;
		draw();
	}

	frames.forEach(function (frame) {
		frame.g.addEventListener('click', function () {
			zoom = frame;
			draw();
		});
	});
	element('reset').addEventListener('click', reset);
	element('search').addEventListener('click', ask);
	window.addEventListener('keydown', function (e) {
		if ((e.ctrlKey || e.metaKey) && e.key === 'f') {
			e.preventDefault();
			ask();
		}
		if (e.key === 'Escape') {
			search('');
			reset();
		}
	});
	window.addEventListener('resize', fit);
	window.addEventListener('scroll', stay);
	fit();
	window.scrollTo(0, height);
	stay();
})();

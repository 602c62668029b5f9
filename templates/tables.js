(function () {
  "use strict";
  // Names from the findings show what would turn the direction of the text, and obey nothing.
  var TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
  function printed(sign) { return "\\u" + ("000" + sign.charCodeAt(0).toString(16)).slice(-4); }
  function make(tag, text, parent) {
    var one = document.createElement(tag);
    one.textContent = String(text).replace(TURNS, printed);
    if (parent) { parent.appendChild(one); }
    return one;
  }

  // Sorting: numbers by their size, words by the alphabet, what is not known last.
  function key(row, column) {
    var text = row.cells[column].textContent.trim();
    var number = text.replace(/\u202f/g, "").replace(/^[^\w\u2212+-]+/, "").replace("\u2212", "-")/*point*/;
    return { text: text, number: parseFloat(number), unknown: text === "" || text[0] === "—" };
  }
  function compare(a, b) {
    if (isNaN(a.number) !== isNaN(b.number)) { return isNaN(a.number) ? 1 : -1; }
    return isNaN(a.number) ? a.text.localeCompare(b.text) : a.number - b.number;
  }
  function sorted(rows, column, sign) {
    var keyed = rows.map(function (row, index) { return [key(row, column), index, row]; });
    keyed.sort(function (a, b) {
      if (a[0].unknown !== b[0].unknown) { return a[0].unknown ? 1 : -1; }
      return sign * compare(a[0], b[0]) || a[1] - b[1];
    });
    return keyed.map(function (one) { return one[2]; });
  }
  function sortable(table) {
    var body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows);
    var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    heads.forEach(function (head, column) {
      var text = head.textContent;
      head.textContent = "";
      var button = make("button", text, head);
      button.type = "button";
      button.className = "sort";
      button.addEventListener("click", function () {
        var was = head.getAttribute("aria-sort");
        heads.forEach(function (one) { one.removeAttribute("aria-sort"); });
        var next = was === null ? "ascending" : was === "ascending" ? "descending" : null;
        if (next) { head.setAttribute("aria-sort", next); }
        var order = next ? sorted(rows, column, next === "ascending" ? 1 : -1) : rows;
        order.forEach(function (row) { body.appendChild(row); });
      });
    });
  }
  // Rows of a long table that hold every word; paper shows all of them.
  function filterable(table) {
    var rows = Array.prototype.slice.call(table.tBodies[0].rows);
    var place = table.parentNode;
    var label = document.createElement("label");
    label.className = "filter";
    label.textContent = tr("Rows that hold all of these words: ");
    var input = make("input", "", label);
    input.type = "search";
    place.parentNode.insertBefore(label, place);
    input.addEventListener("input", function () {
      var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach(function (row) {
        var text = row.textContent.toLowerCase();
        row.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
      });
    });
  }
  document.querySelectorAll("section table").forEach(function (table) {
    if (table.tBodies[0].rows.length > 15) { filterable(table); }
    if (table.tHead.rows[0].cells.length > 2 && table.tBodies[0].rows.length > 3) {
      sortable(table);
    }
  });

  // Every finding, with a link of its own: #finding=metric[key=value,...]
  var place = document.getElementById("explorer");
  if (!place) { return; }
  var LINK = "#finding=";
  var SHOWN = 50;
  var findings = JSON.parse(document.getElementById("twin").textContent).findings.findings;
  findings.forEach(function (one, place) {
    one.place = place;
    var scope = one.scope;
    var inner = Object.keys(scope).sort().map(function (k) { return k + "=" + scope[k]; });
    one.id = one.metric + (inner.length ? "[" + inner.join(",") + "]" : "");
  });
  var label = make("label", tr("Findings that hold all of these words: "), place);
  var input = make("input", "", label);
  input.type = "search";
  var count = make("p", "", place);
  count.setAttribute("aria-live", "polite");
  var scroll = make("div", "", place);
  scroll.className = "scroll";
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", tr("Findings"));
  var table = make("table", "", scroll);
  make("caption", tr("Findings as they are stored; each links to itself"), table);
  var head = make("tr", "", make("thead", "", table));
  [tr("Finding"), tr("Value"), tr("Interval"), tr("k/n"), tr("Method"), tr("Why not, or caution")].forEach(function (name) {
    make("th", name, head).scope = "col";
  });
  var body = make("tbody", "", table);
  function shown(number) { return String(Number(number.toPrecision(6))).replace("-", "\u2212")/*decimal*/; }
  function line(one) {
    var row = make("tr", "", body);
    var first = make("th", "", row);
    first.scope = "row";
    make("a", one.id.replace(/,/g, ", ").replace("[", " ["), first).href = LINK + encodeURIComponent(one.id);
    var e = one.estimate;
    var known = e.value !== undefined && e.value !== null;
    make("td", known ? shown(e.value) : "—", row);
    var level = e.level === undefined ? 0.95 : e.level;
    make("td", known ? shown(e.low) + tr(" to ") + shown(e.high) + " (" + shown(level * 100) + " %)" : "—", row);
    var n = e.n || 0;
    make("td", e.k === undefined || e.k === null ? String(n) : e.k + "/" + n, row);
    var said = TOLD[ROWS[one.place]];
    make("td", said[0] || "—", row);
    make("td", said[1], row);
  }
  function list(chosen) {
    body.replaceChildren();
    chosen.slice(0, SHOWN).forEach(line);
    var more = chosen.length > SHOWN ? tr("; the first ") + SHOWN + tr(" are shown") : "";
    count.textContent = chosen.length + tr(" of ") + findings.length + tr(" findings") + more;
  }
  function search() {
    var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    list(findings.filter(function (one) {
      var id = one.id.toLowerCase();
      return words.every(function (word) { return id.indexOf(word) >= 0; });
    }));
  }
  function follow() {
    if (location.hash.indexOf(LINK) !== 0) { return; }
    var id = "";
    try { id = decodeURIComponent(location.hash.slice(LINK.length)); } catch (error) { return; }
    input.value = id;
    list(findings.filter(function (one) { return one.id === id; }));
    var details = place.closest("details");
    details.open = true;
    details.scrollIntoView();
    input.focus({ preventScroll: true });
  }
  input.addEventListener("input", search);
  window.addEventListener("hashchange", follow);
  search();
  follow();
})();

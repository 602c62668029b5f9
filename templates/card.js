(function () {
  "use strict";
  var controls = document.querySelector(".controls");
  var dialog = document.getElementById("large");
  var stage = document.getElementById("stage");
  // A link into something closed opens it.
  function reveal() {
    var id = "";
    try { id = decodeURIComponent(location.hash.slice(1)); } catch (error) { return; }
    var target = document.getElementById(id);
    if (!target) { return; }
    for (var one = target; one; one = one.parentElement) {
      if (one.tagName === "DETAILS") { one.open = true; }
    }
    var own = target.querySelector("details");
    if (target.tagName === "SECTION" && own) { own.open = true; }
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", reveal);
  reveal();
  if (!controls) { return; }
  controls.hidden = false;
  // The same two sliders stand above the gallery and in the enlarged view.
  document.querySelectorAll("input[data-sets]").forEach(function (slider) {
    slider.addEventListener("input", function () {
      var name = slider.dataset.sets;
      document.documentElement.style.setProperty(name, String(slider.value / 100));
      document.querySelectorAll("input[data-sets='" + name + "']").forEach(function (other) {
        other.value = slider.value;
      });
    });
  });
  var chooser = document.getElementById("method");
  var figures = Array.prototype.slice.call(document.querySelectorAll(".case figure"));
  var names = [];
  figures.forEach(function (one) {
    var name = one.dataset.method;
    if (name && names.indexOf(name) < 0) { names.push(name); }
  });
  names.forEach(function (name) {
    var option = document.createElement("option");
    option.value = name;
    option.textContent = name;
    chooser.appendChild(option);
  });
  chooser.addEventListener("change", function () {
    figures.forEach(function (one) {
      one.hidden = chooser.value !== "" && one.dataset.method !== "" && one.dataset.method !== chooser.value;
    });
  });
  document.querySelectorAll(".case").forEach(function (one) {
    var button = document.createElement("button");
    button.className = "open";
    button.type = "button";
    button.textContent = tr("Enlarge");
    button.setAttribute("aria-label", tr("Enlarge case ") + one.querySelector("h4").textContent);
    function open() {
      stage.replaceChildren();
      ["h4", ".reason", ".panels"].forEach(function (part) {
        stage.appendChild(one.querySelector(part).cloneNode(true));
      });
      stage.querySelectorAll(".open").forEach(function (copy) { copy.remove(); });
      dialog.showModal();
    }
    button.addEventListener("click", open);
    one.querySelector(".panels").addEventListener("click", open);
    one.querySelector(".reason").appendChild(button);
  });
})();

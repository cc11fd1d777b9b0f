import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.semanticweb.HermiT.ReasonerFactory;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.formats.TurtleDocumentFormat;
import org.semanticweb.owlapi.io.FileDocumentSource;
import org.semanticweb.owlapi.model.*;
import org.semanticweb.owlapi.profiles.OWL2DLProfile;
import org.semanticweb.owlapi.profiles.OWLProfileViolation;
import org.semanticweb.owlapi.reasoner.OWLReasoner;
import org.semanticweb.owlapi.util.SimpleIRIMapper;

/**
 * Opens Turtle files as an ontology editor does, each through its own catalogue and nothing else, and says what is
 * wrong with them as OWL 2 DL. Started by owl.py, which reads the output.
 *
 * <p>Input, a line each, fields parted by tabs: {@code open FILE}, followed by its {@code map IRI FILE} lines.
 * Output: {@code KIND FILE SUBJECT DETAIL} for each finding, then {@code done}. Without the last line nothing is known.
 */
public class Check {
    private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    private static final Set<String> SAID = new LinkedHashSet<>();

    public static void main(String[] arguments) throws Exception {
        System.setOut(System.err); // what libraries print is talk, and no finding
        List<File> files = new ArrayList<>();
        List<List<SimpleIRIMapper>> catalogues = new ArrayList<>();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] field = line.split("\t");
            if (field[0].equals("open")) {
                files.add(new File(field[1]));
                catalogues.add(new ArrayList<>());
            } else {
                SimpleIRIMapper mapper = new SimpleIRIMapper(IRI.create(field[1]), IRI.create(new File(field[2])));
                catalogues.get(catalogues.size() - 1).add(mapper);
            }
        }
        Set<OWLAxiom> axioms = new LinkedHashSet<>();
        for (int i = 0; i < files.size(); i++) {
            axioms.addAll(open(files.get(i), catalogues.get(i)));
        }
        if (SAID.isEmpty()) { // outside of OWL 2 DL a reasoner has no meaning, and HermiT may fail
            reason(axioms);
        }
        SAID.forEach(OUT::println);
        OUT.println("done");
        OUT.flush();
    }

    /** Loads one file with its imports, says what is wrong with it, and returns the axioms of all that was loaded. */
    private static Set<OWLAxiom> open(File file, List<SimpleIRIMapper> catalogue) {
        OWLOntologyManager manager = OWLManager.createOWLOntologyManager();
        catalogue.forEach(manager.getIRIMappers()::add);
        OWLOntology ontology;
        try {
            ontology = manager.loadOntologyFromOntologyDocument(new FileDocumentSource(file, new TurtleDocumentFormat()));
        } catch (UnloadableImportException error) {
            say("import", file, error.getImportsDeclaration().getIRI().toString(), String.valueOf(error.getCause() == null ? error : error.getCause().getMessage()));
            return Set.of();
        } catch (OWLOntologyCreationException error) {
            say("load", file, "", error.getMessage());
            return Set.of();
        }
        ontology.importsClosure().forEach(Check::sayUnparsed);
        for (OWLProfileViolation violation : new OWL2DLProfile().checkOntology(ontology).getViolations()) {
            OWLOntology place = violation.getOntology();
            String detail = violation.toString().replaceFirst(" in (\\[?)OntologyID\\(.*", "");
            say("profile", document(place), subject(violation), detail);
        }
        return ontology.importsClosure().flatMap(OWLOntology::axioms).collect(Collectors.toSet());
    }

    private static void sayUnparsed(OWLOntology ontology) {
        OWLDocumentFormat format = ontology.getOWLOntologyManager().getOntologyFormat(ontology);
        if (format == null || format.getOntologyLoaderMetaData().isEmpty()) {
            return;
        }
        format.getOntologyLoaderMetaData().get().getUnparsedTriples().forEach(triple ->
            say("unparsed", document(ontology), triple.getSubject().toString(), triple.toString()));
    }

    /** Consistency and unsatisfiable classes of everything together. */
    private static void reason(Set<OWLAxiom> axioms) throws OWLOntologyCreationException {
        OWLOntology whole = OWLManager.createOWLOntologyManager().createOntology(axioms);
        OWLReasoner reasoner = new ReasonerFactory().createReasoner(whole);
        if (!reasoner.isConsistent()) {
            for (OWLAxiom axiom : explain(new ArrayList<>(axioms))) {
                String named = axiom.individualsInSignature().map(i -> i.toStringID()).findFirst().orElse("");
                say("inconsistent", null, named, axiom.toString());
            }
            return;
        }
        for (OWLClass empty : reasoner.getUnsatisfiableClasses().getEntitiesMinusBottom()) {
            say("unsatisfiable", null, empty.toStringID(), empty.toStringID());
        }
    }

    /** A smallest set of axioms that contradict each other, by halving what need not be in it (QuickXplain). */
    private static List<OWLAxiom> explain(List<OWLAxiom> axioms) throws OWLOntologyCreationException {
        List<OWLAxiom> logical = axioms.stream().filter(OWLAxiom::isLogicalAxiom).collect(Collectors.toList());
        return smallest(List.of(), List.of(), logical);
    }

    private static List<OWLAxiom> smallest(List<OWLAxiom> kept, List<OWLAxiom> added, List<OWLAxiom> candidates)
            throws OWLOntologyCreationException {
        if (!added.isEmpty() && contradict(kept)) {
            return List.of();
        }
        if (candidates.size() == 1) {
            return candidates;
        }
        int middle = candidates.size() / 2;
        List<OWLAxiom> first = candidates.subList(0, middle);
        List<OWLAxiom> second = candidates.subList(middle, candidates.size());
        List<OWLAxiom> inSecond = smallest(joined(kept, first), first, second);
        List<OWLAxiom> inFirst = smallest(joined(kept, inSecond), inSecond, first);
        return joined(inFirst, inSecond);
    }

    private static boolean contradict(List<OWLAxiom> axioms) throws OWLOntologyCreationException {
        OWLOntology part = OWLManager.createOWLOntologyManager().createOntology(new LinkedHashSet<>(axioms));
        return !new ReasonerFactory().createReasoner(part).isConsistent();
    }

    private static List<OWLAxiom> joined(List<OWLAxiom> one, List<OWLAxiom> other) {
        List<OWLAxiom> all = new ArrayList<>(one);
        all.addAll(other);
        return all;
    }

    private static File document(OWLOntology ontology) {
        IRI iri = ontology.getOWLOntologyManager().getOntologyDocumentIRI(ontology);
        return new File(iri.toURI());
    }

    /** The entity whose block in the file holds the axiom that breaks the profile, as far as can be told. */
    private static String subject(OWLProfileViolation violation) {
        OWLAxiom axiom = violation.getAxiom();
        if (axiom == null) {
            return "";
        }
        if (axiom instanceof OWLAnnotationAssertionAxiom) {
            return ((OWLAnnotationAssertionAxiom) axiom).getSubject().toString();
        }
        if (axiom instanceof OWLDeclarationAxiom) {
            return ((OWLDeclarationAxiom) axiom).getEntity().toStringID();
        }
        return axiom.individualsInSignature().map(i -> i.toStringID()).findFirst()
            .orElseGet(() -> axiom.signature().map(HasIRI::getIRI).map(IRI::toString).findFirst().orElse(""));
    }

    private static void say(String kind, File file, String subject, String detail) {
        String name = file == null ? "" : file.getPath();
        String bare = subject.startsWith("_:") ? "" : subject.replaceAll("[<>]", "");
        SAID.add(String.join("\t", kind, name, bare, detail.replaceAll("\\s+", " ")));
    }
}
